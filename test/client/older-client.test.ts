import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { ChorusClient, type ChorusClient as Client, edit, react } from '@chorus/client';
import { eventually } from '@chorus/testing';
import { expect } from 'chai';
import { WebSocket } from 'ws';
import { createPerson, createRoom, type Person } from '../support/clients/people.js';
import { root } from '../support/root.js';
import { sharedStandalone } from '../support/servers/shared.js';
import type { TestStandalone } from '../support/servers/standalone.js';

/** The client of the last version without changes, bundled and minified by esbuild. Not regenerated: it is a recording. */
const FIXTURE = join(root, 'test/client/fixtures/client-before-changes.txt');

describe('a client of the version before changes, and new servers', function () {
  this.timeout(60_000);

  let standalone: TestStandalone;
  let people: Person[];
  let clients: Client[];
  before(async () => {
    standalone = await sharedStandalone();
    people = [await createPerson(standalone.url), await createPerson(standalone.url)];
    clients = [];
  });
  after(() => Promise.all(clients.map((client) => client.close())));

  it('joins, sends, and resumes although the missed entries are changes', async () => {
    const code = await readFile(FIXTURE, 'base64');
    const older = (await import(`data:text/javascript;base64,${code}`)) as {
      ChorusClient: typeof ChorusClient;
    };
    const [ann, bob] = people;
    if (ann === undefined || bob === undefined) throw new Error('no people');
    const roomId = await createRoom(standalone.url, ann);
    const start = (made: typeof ChorusClient, { token }: Person): Client => {
      const client = new made({ url: standalone.url, token, webSocket: WebSocket });
      clients.push(client);
      client.connect();
      return client;
    };
    const client = start(older.ChorusClient, ann);
    const room = client.join(roomId);
    const seen: string[] = [];
    room.on('message', ({ content }) => seen.push(content));
    const { position } = await room.send('hello');
    const other = start(ChorusClient, bob).join(roomId);
    await other.joined();
    client.disconnect();
    for (const reaction of ['a', 'b', 'c']) await react(other, position, reaction);
    client.connect();
    await room.send('again');
    client.disconnect();
    await other.send('missed');
    await react(other, position, 'd');
    const own = start(ChorusClient, ann).join(roomId);
    await edit(own, position, 'edited');
    client.connect();
    await room.send('last');
    await eventually(() => expect(seen).to.deep.equal(['hello', 'again', 'missed', 'last']));
  });
});
