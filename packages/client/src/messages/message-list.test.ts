import type { ChangeFrame, V1ServerFrame } from '@chorus/protocol';
import { expect } from 'chai';
import type { ChorusClient } from '../chorus-client.js';
import { ChorusError } from '../chorus-error.js';
import type { Change } from '../entries.js';
import type { Room } from '../room/room.js';
import type { ScriptedConnection } from '../testing/scripted-gateway.js';
import { EPOCH, event, joined, ME, message, reached, Stage } from '../testing/stage.js';
import { MessageList } from './message-list.js';

const at = (seq: number) => ({ epoch: EPOCH, seq });
const by = { userId: 2, username: 'bob', roomId: 1, id: 'c', sentAt: 9 };

const edit = (seq: number, target: number, content: string): ChangeFrame => ({
  ...{ ...at(seq), type: 'change', change: 'edited', target: at(target), content, ...by },
});
const append = (seq: number, target: number, text: string): ChangeFrame => ({
  ...{ ...at(seq), type: 'change', change: 'appended', target: at(target), text, ...by },
});
const react = (seq: number, target: number, reaction: string): ChangeFrame => ({
  ...{ ...at(seq), type: 'change', change: 'reacted', target: at(target), reaction, ...by },
});
const deletion = (seq: number, target: number): ChangeFrame => ({
  ...{ ...at(seq), type: 'change', change: 'deleted', target: at(target) },
  ...{ author: ME, n: target, originalSentAt: 3, ...by },
});
const erased = (seq: number): ChangeFrame => ({ ...at(seq), type: 'change', change: 'erased', roomId: 1 });

describe('the list of messages of a room', () => {
  let stage: Stage;
  let client: ChorusClient;
  let room: Room;
  let list: MessageList;
  beforeEach(async () => {
    stage = await Stage.set();
    client = stage.client();
    room = client.join(1);
    list = new MessageList(room, { keep: 20 });
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
  const shown = (): string[] =>
    list.messages.map(({ seq, content, deleted }) => `${seq} ${deleted ? '-' : content}`);
  const changed = (seq: number): Promise<Change> =>
    event<Change>(
      (listener) => room.on('change', listener),
      (change) => change.seq === seq,
    );
  const settled = (test: () => boolean): Promise<unknown> =>
    test() ? Promise.resolve() : event((listener) => list.subscribe(() => listener(undefined)), test);

  it('has live messages as they are now, and a new array for each change', async () => {
    const arrays = new Set<unknown>();
    list.subscribe(() => arrays.add(list.messages));
    await enter(
      ...[joined(1, 4), message(1, 5), message(1, 6), edit(7, 5, 'new'), append(8, 6, '!')],
      ...[message(1, 9, { replyTo: at(5) }), react(10, 5, '👍'), deletion(11, 6)],
    );
    await changed(11);
    expect(shown()).to.deep.equal(['5 new', '6 -', '9 message 9']);
    expect(list.messages[0]).to.deep.include({
      replies: 1,
      reactions: [{ reaction: '👍', count: 1, users: [2] }],
    });
    expect(list.messages[1]?.deleted).to.deep.equal({ by: { id: 2, username: 'bob' }, at: 9 });
    expect(arrays.size).to.equal(7);
  });

  it('puts older pages in front, with the changes that arrived before and while they were read', async () => {
    for (let seq = 1; seq <= 5; seq++) stage.history.messagesOf.push(message(1, seq));
    const connection = await enter(joined(1, 5), edit(6, 2, 'edited before'), message(1, 7));
    await event((listener) => room.on('message', listener));
    const page = stage.history.held();
    const older = list.older(4);
    connection.say(append(8, 4, ', then'), edit(9, 1, 'unseen'));
    await changed(9);
    page.release();
    expect(await older).to.equal(4);
    expect(shown()).to.deep.equal([
      ...['2 edited before', '3 message 3', '4 message 4, then', '5 message 5', '7 message 7'],
    ]);
    expect(list.atBeginning).to.equal(false);
    expect(await list.older(4)).to.equal(1);
    expect([list.messages[0]?.content, list.atBeginning]).to.deep.equal(['unseen', true]);
  });

  it('does not apply a change twice that the history has applied already', async () => {
    stage.history.messagesOf.push(message(1, 5, { content: 'a, b', changed: at(7) }));
    await enter(joined(1, 5), append(6, 5, ', x'), append(7, 5, ', b'), append(8, 5, ', c'));
    await changed(8);
    await list.older();
    expect(shown()).to.deep.equal(['5 a, b, c']);
  });

  it('adds live reactions to those of the history, which does not name all users', async () => {
    const reactions = [{ reaction: 'ok', count: 3, users: [1, 3], me: true }];
    stage.history.messagesOf.push(message(1, 5, { changed: at(6), ...{ reactions } }));
    const connection = await enter(joined(1, 6));
    await list.older();
    expect(list.messages[0]?.reactions).to.deep.equal([{ reaction: 'ok', count: 3, users: [1, 3] }]);
    connection.say(react(7, 5, 'ok'), react(8, 5, 'no'), react(9, 5, 'ok'));
    await changed(9);
    expect(list.messages[0]?.reactions).to.deep.equal([
      { reaction: 'no', count: 1, users: [2] },
      { reaction: 'ok', count: 4, users: [1, 2, 3] },
    ]);
  });

  it('can read older pages before the room is joined, one after the other', async () => {
    for (let seq = 1; seq <= 5; seq++) stage.history.messagesOf.push(message(1, seq));
    const pages = Promise.all([list.older(2), list.older(2), list.older(2), list.older(2)]);
    await enter(joined(1, 5));
    expect(await pages).to.deep.equal([2, 2, 1, 0]);
    expect(shown()).to.have.length(5);
  });

  it('drops the oldest messages as new ones arrive, and reads them again', async () => {
    const connection = await enter(joined(1, 0));
    for (let seq = 1; seq <= 100; seq++) {
      stage.history.messagesOf.push(message(1, seq));
      connection.say(message(1, seq));
    }
    await event<{ seq: number }>(
      (listener) => room.on('message', listener),
      ({ seq }) => seq === 100,
    );
    expect(list.messages.length).to.be.within(20, 30);
    const first = list.messages[0]?.seq ?? 0;
    await list.older(50);
    expect(list.messages.map(({ seq }) => seq)).to.deep.equal(
      Array.from({ length: 151 - first }, (_, index) => first - 50 + index),
    );
  });

  it('shows a tombstone for a message that was erased before it could be delivered', async () => {
    const connection = await enter(joined(1, 4), message(1, 5));
    await event((listener) => room.on('message', listener));
    connection.socket.terminate();
    await enter(joined(1, 8, true), erased(6), message(1, 7), deletion(8, 6), deletion(9, 3));
    await changed(9);
    expect(shown()).to.deep.equal(['5 message 5', '6 -', '7 message 7']);
  });

  it('reads from the history what a message that was erased had replied to, and its replies', async () => {
    const connection = await enter(joined(1, 4), message(1, 5));
    await event((listener) => room.on('message', listener));
    const deleted = { by: { id: 2, username: 'bob' }, at: 9 };
    const tombstone = { content: '', changed: at(8), replyTo: at(5), replies: 1, deleted };
    stage.history.changed.push(
      message(1, 5, { changed: at(6), ...{ replies: 1 } }),
      message(1, 6, tombstone as Partial<ReturnType<typeof message>>),
    );
    connection.socket.terminate();
    await enter(joined(1, 8, true), erased(6), message(1, 7, { replyTo: at(6) }), deletion(8, 6));
    await settled(() => list.messages[0]?.replies === 1);
    expect(list.messages.map(({ replies }) => replies)).to.deep.equal([1, 1, 0]);
    expect(list.messages[1]).to.deep.include({ replyTo: at(5), deleted, content: '' });
  });

  it('reads the reactions of a message that was restored with its changes', async () => {
    const reactions = [{ reaction: 'ok', count: 1, users: [3], me: false }];
    const restored = message(1, 5, { content: 'new', changed: at(8) });
    stage.history.changed.push({ ...restored, ...{ reactions, replies: 1 } });
    await enter(
      joined(1, 4),
      restored,
      react(6, 5, 'ok'),
      message(1, 7, { replyTo: at(5) }),
      edit(8, 5, 'new'),
    );
    await settled(() => list.messages[0]?.replies === 1);
    expect(list.messages[0]?.reactions).to.deep.equal([{ reaction: 'ok', count: 1, users: [3] }]);
    expect(shown()).to.deep.equal(['5 new', '7 message 7']);
  });

  it('reads what has changed after a long absence, and applies live changes after it', async () => {
    const connection = await enter(joined(1, 0), message(1, 1), message(1, 2), message(1, 3));
    await event<{ seq: number }>(
      (listener) => room.on('message', listener),
      ({ seq }) => seq === 3,
    );
    stage.history.changed.push(
      message(1, 1, { content: 'edited', changed: at(6) }),
      message(1, 3, { content: 'grown', changed: at(7) }),
    );
    stage.history.messagesOf.push(message(1, 5));
    stage.history.failures.push(new ChorusError('unavailable', 'away', true));
    const joinedAgain = reached(room, 'catching-up').then(() => reached(room, 'joined'));
    connection.socket.terminate();
    // The last missed entries are changes.
    await enter(joined(1, 7), append(8, 3, ' up'));
    await joinedAgain;
    await settled(() => shown().includes('3 grown up'));
    expect(shown()).to.deep.equal(['1 edited', '2 message 2', '3 grown up', '5 message 5']);
    expect(room.position).to.deep.equal(at(8));
  });

  it('stays without the changes if the servers do not offer them', async () => {
    const connection = await enter(joined(1, 0), message(1, 1));
    await event((listener) => room.on('message', listener));
    connection.socket.terminate();
    stage.history.messagesOf.push(message(1, 1), message(1, 2));
    stage.history.knowsChanges = false;
    const again = await enter(joined(1, 4));
    await event((listener) => room.on('changesMissed', listener));
    again.say(append(5, 1, '!'));
    await changed(5);
    expect(shown()).to.deep.equal(['1 message 1!', '2 message 2']);
  });

  it('changes no more once it is closed', async () => {
    const connection = await enter(joined(1, 4), message(1, 5));
    await event((listener) => room.on('message', listener));
    list.close();
    connection.say(message(1, 6), edit(7, 5, 'x'));
    await changed(7);
    expect(shown()).to.deep.equal(['5 message 5']);
  });
});
