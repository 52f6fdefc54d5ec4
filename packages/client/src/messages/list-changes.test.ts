import type { V1ServerFrame } from '@chorus/protocol';
import { expect } from 'chai';
import type { ChorusClient } from '../chorus-client.js';
import type { MemberChange, RoomChange } from '../entries.js';
import type { Room } from '../room/room.js';
import type { ScriptedConnection } from '../testing/scripted-gateway.js';
import { EPOCH, event, joined, ME, message, reached, Stage } from '../testing/stage.js';
import { MessageList } from './message-list.js';

const by = { userId: 2, username: 'bob', roomId: 1, id: 'c', sentAt: 9, epoch: EPOCH };
const added = (seq: number): MemberChange => ({
  ...by,
  seq,
  type: 'change',
  change: 'member-added',
  member: ME,
});
const renamed = (seq: number): RoomChange => ({
  ...by,
  seq,
  type: 'change',
  change: 'room-changed',
  name: 'x',
});

describe('the list of messages of a room, with changes of its members', () => {
  let stage: Stage;
  let client: ChorusClient;
  let room: Room;
  let list: MessageList;
  beforeEach(async () => {
    stage = await Stage.set();
    client = stage.client();
    room = client.join(1);
    list = new MessageList(room, { keep: 20, changes: true });
  });
  afterEach(async () => {
    list.close();
    await stage.close();
  });

  const enter = async (...frames: V1ServerFrame[]): Promise<ScriptedConnection> => {
    const connection = await stage.connection();
    await connection.next();
    connection.say(...frames);
    return connection;
  };
  const seqs = (): number[][] => [list.messages, list.changes].map((all) => all.map(({ seq }) => seq));
  const settled = (test: () => boolean): Promise<unknown> =>
    test() ? Promise.resolve() : event((listener) => list.subscribe(() => listener(undefined)), test);

  it('has those of the history and live ones, in order', async () => {
    stage.history.messagesOf.push(message(1, 1), message(1, 4));
    stage.history.changes.push(added(2), renamed(3), added(5));
    const connection = await enter(joined(1, 5));
    expect(await list.older(3)).to.equal(1);
    expect(seqs()).to.deep.equal([[4], [3, 5]]);
    connection.say(added(6), message(1, 7), renamed(8));
    await settled(() => list.changes.at(-1)?.seq === 8);
    expect(await list.older(3)).to.equal(1);
    expect(seqs()).to.deep.equal([
      [1, 4, 7],
      [2, 3, 5, 6, 8],
    ]);
    expect(list.atBeginning).to.equal(true);
  });

  it('reads on when a page has no message', async () => {
    stage.history.messagesOf.push(message(1, 1));
    for (let seq = 2; seq <= 8; seq++) stage.history.changes.push(added(seq));
    await enter(joined(1, 8));
    expect(await list.older(3)).to.equal(1);
    expect(seqs()).to.deep.equal([[1], [2, 3, 4, 5, 6, 7, 8]]);
  });

  it('shows changes of a room without messages', async () => {
    stage.history.changes.push(added(1));
    await enter(joined(1, 1));
    let calls = 0;
    list.subscribe(() => calls++);
    expect(await list.older()).to.equal(0);
    expect([seqs(), list.atBeginning, calls]).to.deep.equal([[[], [1]], true, 1]);
  });

  it('drops changes with the messages around them', async () => {
    const connection = await enter(joined(1, 0));
    for (let seq = 1; seq <= 100; seq += 2) connection.say(message(1, seq), { ...added(seq + 1) });
    await settled(() => list.changes.at(-1)?.seq === 100);
    expect(list.messages.length).to.be.within(20, 30);
    expect(list.changes[0]?.seq).to.equal((list.messages[0]?.seq ?? 0) + 1);
  });

  it('reads those that were missed during a long absence', async () => {
    const connection = await enter(joined(1, 0), message(1, 1), { ...added(2) });
    await settled(() => list.changes.length === 1);
    stage.history.messagesOf.push(message(1, 1), message(1, 4));
    stage.history.changes.push(added(2), renamed(3), added(5));
    const joinedAgain = reached(room, 'catching-up').then(() => reached(room, 'joined'));
    connection.socket.terminate();
    await enter(joined(1, 5), { ...renamed(6) });
    await joinedAgain;
    await settled(() => list.changes.length === 4);
    expect(seqs()).to.deep.equal([
      [1, 4],
      [2, 3, 5, 6],
    ]);
  });

  it('has none without the option', async () => {
    const plain = new MessageList(room);
    stage.history.changes.push(added(1));
    const connection = await enter(joined(1, 1));
    await plain.older();
    connection.say({ ...added(2) }, message(1, 3));
    await event((listener) => room.on('message', listener));
    expect([plain.changes, plain.messages.length]).to.deep.equal([[], 1]);
    plain.close();
  });
});
