import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { ChorusClient, type Message } from '@chorus/client';
import { eventually } from '@chorus/testing';
import { expect } from 'chai';
import { WebSocket } from 'ws';
import { createPerson, createRoom, type Person } from '../support/clients/people.js';
import { root } from '../support/root.js';
import { sharedStandalone } from '../support/servers/shared.js';
import type { TestStandalone } from '../support/servers/standalone.js';

const EXAMPLES = `${root}/packages/client/examples/`;

/** An example as somebody runs it in a terminal. */
interface Example {
  type(line: string): void;
  shows(text: string): Promise<unknown>;
  readonly ended: Promise<unknown>;
}

describe('the examples of the client', function () {
  this.timeout(60_000);

  let standalone: TestStandalone;
  let ada: Person;
  let room: number;
  let client: ChorusClient;
  const said: Message[] = [];
  const children: ChildProcess[] = [];
  before(async () => {
    standalone = await sharedStandalone();
    ada = await createPerson(standalone.url, 'ada');
    room = await createRoom(standalone.url, ada);
    client = new ChorusClient({ url: standalone.url, token: ada.token, webSocket: WebSocket });
    client.join(room).on('message', (message) => said.push(message));
    client.connect();
  });
  after(async () => {
    for (const child of children) child.kill('SIGKILL');
    await client?.close();
  });

  const run = (file: string, person: Person): Example => {
    const { PATH, HOME } = process.env;
    const { email, password } = person;
    const env = { PATH, HOME, CHORUS_URL: standalone.url, CHORUS_EMAIL: email, CHORUS_PASSWORD: password };
    const child = spawn(process.execPath, [EXAMPLES + file, String(room)], { env });
    children.push(child);
    let output = '';
    for (const stream of [child.stdout, child.stderr]) stream.on('data', (data) => (output += data));
    return {
      type: (line) => child.stdin.write(`${line}\n`),
      shows: (text) => eventually(() => expect(output).to.include(text), 10_000),
      ended: once(child, 'close').then(([code]) => code),
    };
  };
  const hears = (content: string): Promise<unknown> =>
    eventually(() => expect(said.map((message) => message.content)).to.include(content), 10_000);

  it('has a chat for terminals, which shows what is said and how the connection is', async () => {
    const ben = await createPerson(standalone.url, 'ben');
    await client.join(room).send('before he came');
    const chat = run('chat.mjs', ben);
    await chat.shows('connected >');
    await chat.shows('* joined');
    chat.type('hello from a terminal');
    await hears('hello from a terminal');
    await client.join(room).send('hello, Ben');
    await chat.shows(`${ada.username}: hello, Ben`);
    chat.type('/older');
    await chat.shows(`${ada.username}: before he came`);
    chat.type('/who');
    await chat.shows(`* here: ${ada.username}, `);
    chat.type('/quit');
    expect(await chat.ended).to.equal(0);
  });
});
