import { connectPlain } from '@chorus/testing';
import { expect } from 'chai';
import { createPerson, request } from '../../support/clients/people.js';
import { expectBody, expectError, expectRefusal } from '../expectations.js';
import type { Target } from '../target.js';

/** `AUTH=open`: the query is believed, as the original did. And a low limit of sign-ins per address. */
export function describeOpenMode(target: () => Target): void {
  const ask = (path: string, body?: unknown, method?: string) =>
    request(`${target().url}${path}`, { body, ...(method === undefined ? {} : { method }) });

  it('lets anybody create and list rooms', async () => {
    expectBody(await ask('/ws/create-room', { id: 1, name: 'room1' }), 200, { id: 1, name: 'room1' });
    expectBody(await ask('/ws/get-rooms'), 200, [{ id: 1, name: 'room1' }]);
  });

  it('lets anybody enter as whom the query names', async () => {
    const { url } = target();
    await ask('/ws/create-room', { id: 2, name: 'room2' });
    const ann = await connectPlain(url, 2, undefined, { query: { userId: '7', username: 'ann' } });
    const bob = await connectPlain(url, 2, undefined, { query: { userId: '8', username: 'bob' } });
    await ann.next(({ type, username }) => type === 'joined' && username === 'ann');
    await bob.next(({ type, username }) => type === 'joined' && username === 'bob');
    bob.send('hello');
    expect(await ann.message('hello')).to.include({ roomId: 2, username: 'bob', userId: 8 });
    const clients = [
      { id: 7, username: 'ann' },
      { id: 8, username: 'bob' },
    ];
    expectBody(await ask('/ws/get-clients/2'), 200, clients);
    expectBody(await ask('/ws/get-clients'), 200, clients);
    await Promise.all([ann.close(), bob.close()]);
  });

  it('believes the query rather than the token', async () => {
    const { url } = target();
    await ask('/ws/create-room', { id: 3, name: 'room3' });
    const person = await createPerson(url);
    const query = { userId: String(person.id + 1), username: 'somebody else' };
    const socket = await connectPlain(url, 3, person.token, { query });
    socket.send('who?');
    expect(await socket.message('who?')).to.include({ username: 'somebody else', userId: person.id + 1 });
    await socket.close();
  });

  it('asks an upgrade for somebody', async () => {
    await ask('/ws/create-room', { id: 4, name: 'room4' });
    expect(await expectRefusal(400, target().url, 4, undefined)).to.match(/^userId is required/);
    await expectRefusal(400, target().url, 4, undefined, { query: { userId: 'x', username: 'x' } });
    await expectRefusal(404, target().url, 404, undefined, { query: { userId: '7', username: 'ann' } });
  });

  it('lets every user change a room without an owner', async () => {
    await ask('/ws/create-room', { id: 5, name: 'room5' });
    expect((await ask('/api/rooms/5', { name: 'renamed' }, 'PATCH')).body).to.include({ name: 'renamed' });
    expect((await ask('/api/rooms/5', undefined, 'DELETE')).status).to.equal(204);
    expectError(await ask('/api/rooms/5'), 404);
  });

  it('still asks for a token where it is about an account', async () => {
    expectError(await ask('/api/users/me?userId=1&username=root'), 401);
  });

  it('429 after too many sign-ins from one address, for different users too', async () => {
    const attempt = (index: number) =>
      ask('/api/users/signin', { email: `nobody-${index}@example.com`, password: 'open sesame' });
    expectError(await attempt(0), 401);
    const further = await Promise.all([1, 2, 3, 4, 5].map(attempt));
    expect(further.map(({ status }) => status)).to.include(429);
    for (const answer of further) expectError(answer, answer.status);
  });
}
