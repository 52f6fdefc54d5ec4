import {
  ChorusClient,
  deleteMessage,
  edit,
  MessageList,
  type Position,
  type Room,
  react,
  sendStream,
} from '@chorus/client';
import { eventually } from '@chorus/testing';
import { expect } from 'chai';
import { WebSocket } from 'ws';
import { createPerson, createRoom, type Person } from '../support/clients/people.js';
import { sharedStandalone } from '../support/servers/shared.js';
import type { TestStandalone } from '../support/servers/standalone.js';

describe('clients that change messages, and real servers', function () {
  this.timeout(60_000);

  let standalone: TestStandalone;
  let people: Person[];
  let roomId: number;
  let clients: ChorusClient[];
  before(async () => {
    standalone = await sharedStandalone();
    people = [await createPerson(standalone.url), await createPerson(standalone.url)];
  });
  beforeEach(async () => {
    clients = [];
    const [first] = people;
    if (first !== undefined) roomId = await createRoom(standalone.url, first);
  });
  afterEach(() => Promise.all(clients.map((client) => client.close())));

  const enter = async (index: number, since?: Position): Promise<{ room: Room; list: MessageList }> => {
    const token = people[index]?.token ?? '';
    const client = new ChorusClient({ url: standalone.url, token, webSocket: WebSocket });
    clients.push(client);
    client.connect();
    const room = client.join(roomId, { since });
    const list = new MessageList(room);
    await room.joined();
    return { room, list };
  };
  const shown = ({ list }: { list: MessageList }): unknown[] =>
    list.messages.map(({ content, reactions, replies, deleted, mentions }) => [
      ...[content, reactions.map(({ reaction }) => reaction), replies, deleted !== undefined, mentions],
    ]);

  it('have the same list of messages, also after an absence that ended with changes', async () => {
    const [ann, bob] = [await enter(0), await enter(1)];
    const since = bob.room.position;
    const { position: first } = await ann.room.send('first');
    const { position: second } = await ann.room.send('second');
    await bob.room.send('a reply', { replyTo: first, mentions: [people[0]?.id ?? 0] });
    await sendStream(ann.room, ['one', ' two', ' three']);
    await edit(ann.room, first, 'edited');
    await react(bob.room, first, '👍');
    await deleteMessage(ann.room, second);
    const expected = [
      ['edited', ['👍'], 1, false, undefined],
      ['', [], 0, true, undefined],
      ['a reply', [], 0, false, [people[0]?.id]],
      ['one two three', [], 0, false, undefined],
    ];
    for (const each of [ann, bob]) await eventually(() => expect(shown(each)).to.deep.equal(expected));
    const late = await enter(1, since);
    await eventually(() => expect(shown(late)).to.deep.equal(expected));
    expect(late.room.position).to.deep.equal(ann.room.position);
  });

  it('are refused what they may not do', async () => {
    const [ann, bob] = [await enter(0), await enter(1)];
    const { position } = await ann.room.send('mine');
    const refused = await edit(bob.room, position, 'yours').catch(({ code }: { code: string }) => code);
    expect(refused).to.equal('not_author');
  });
});
