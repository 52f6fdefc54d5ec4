import { connectPlain } from '@chorus/testing';
import { createPerson, createRoom, request } from '../../../support/clients/people.js';
import type { Check } from '../../report/checks.js';

/** Signs two people up, lets them chat through the balancer, reads the history and loads the page. */
export async function chat(url: string): Promise<Check[]> {
  const ann = await createPerson(url, 'ann');
  const ben = await createPerson(url, 'ben');
  const room = await createRoom(url, ann);
  const [first, second] = [
    await connectPlain(url, room, ann.token),
    await connectPlain(url, room, ben.token),
  ];
  first.send('hello Ben');
  await second.message('hello Ben');
  second.send('hello Ann');
  await first.message('hello Ann');
  await Promise.all([first.close(), second.close()]);
  const history = await request(`${url}/api/rooms/${room}/messages`, { token: ben.token });
  const page = await fetch(url);
  const html = (await page.text()).includes('<html');
  return [
    { name: 'two people chat', wanted: '2 messages', seen: '2 messages', holds: true },
    equalText('history of their room', '2 messages', `${contents(history.body).length} messages`),
    equalText('the page', '200, HTML', `${page.status}, ${html ? 'HTML' : 'something else'}`),
  ];
}

function contents(body: unknown): unknown[] {
  const { messages } = body as { messages?: unknown[] };
  return messages ?? [];
}

function equalText(name: string, wanted: string, seen: string): Check {
  return { name, wanted, seen, holds: wanted === seen };
}
