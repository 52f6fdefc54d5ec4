import { expect } from 'chai';
import { ChorusError } from '../chorus-error.js';
import { inboxRoom } from '../testing/inbox-room.js';
import { changed, entryOf, InboxStage } from '../testing/inbox-stage.js';
import { event, joined, ME, message, next, type Stage } from '../testing/stage.js';
import type { TestInbox } from '../testing/test-inbox.js';
import type { ConnectionState } from '../types.js';
import type { InboxEntry } from './entry.js';
import { Inbox } from './inbox.js';

describe('Inbox', () => {
  let scene: InboxStage;
  let stage: Stage;
  let api: TestInbox;
  beforeEach(async () => {
    scene = await InboxStage.set();
    ({ stage, api } = scene);
  });
  afterEach(() => scene.close());

  const shown = (inbox: Inbox): unknown[] =>
    inbox.entries.map(({ room, unread, mentions }) => [room.id, unread, mentions]);

  it('reads all pages once the gateway watches', async () => {
    api.rooms = [inboxRoom(3, { n: 5, readN: 2, mentions: 1 }), inboxRoom(1), inboxRoom(2, { n: 1 })];
    api.pageSize = 2;
    const { inbox } = await scene.open();
    expect(shown(inbox)).to.deep.equal([
      [3, 3, 1],
      [1, 0, 0],
      [2, 1, 0],
    ]);
    expect(entryOf(inbox, 3)).to.deep.include({
      position: { epoch: 5, seq: 5 },
      readPosition: { epoch: 5, seq: 2 },
    });
    expect(api.asked).to.deep.equal([
      ['/api/inbox', undefined],
      ['/api/inbox', '2'],
    ]);
  });

  it('counts news, and moves their rooms to the front', async () => {
    api.rooms = [inboxRoom(1, { n: 1 }), inboxRoom(2, { n: 4, readN: 4 })];
    const { inbox, connection } = await scene.open();
    const unread = event<InboxEntry>((listener) => inbox.on('unread', listener));
    connection.say({
      type: 'inbox',
      rooms: [{ roomId: 2, epoch: 5, seq: 7, n: 6, messages: 2, mentions: 1 }],
    });
    expect((await unread).room.id).to.equal(2);
    await changed(inbox, () => entryOf(inbox, 2).unread > 0);
    expect(shown(inbox)).to.deep.equal([
      [2, 2, 1],
      [1, 1, 0],
    ]);
    expect(api.asked).to.have.length(1);
  });

  it('applies what arrives before an answer, unless the answer has counted it', async () => {
    api.rooms = [inboxRoom(1, { n: 3 }), inboxRoom(2, { n: 3 })];
    const held = api.held();
    const inbox = new Inbox(stage.client({ random: () => 0 }));
    const connection = await stage.connection();
    await scene.watched(connection);
    connection.say({
      type: 'inbox',
      rooms: [
        { roomId: 1, epoch: 5, seq: 3, n: 3, messages: 1 },
        { roomId: 2, epoch: 5, seq: 4, n: 4, messages: 1 },
      ],
    });
    connection.say({ type: 'read', roomId: 1, userId: ME.id, epoch: 5, seq: 2, n: 2 });
    connection.say({ type: 'inbox', rooms: [{ roomId: 2, epoch: 5, seq: 5, n: 5, messages: 1 }] });
    await changed(inbox, () => true);
    await event((listener) => inbox.subscribe(() => listener(undefined)));
    expect(inbox.complete).to.equal(false);
    held.release();
    await changed(inbox, () => inbox.complete && inbox.entries.length === 2);
    expect(shown(inbox)).to.have.deep.members([
      [1, 1, 0],
      [2, 5, 0],
    ]);
  });

  it('reads a room again when its counts are not exact', async () => {
    api.rooms = [inboxRoom(1, { n: 3, mentions: 1 })];
    const { inbox, connection } = await scene.open();
    api.rooms = [inboxRoom(1, { n: 3, unread: 2, mentions: 0, position: '5-4' })];
    connection.say({
      type: 'inbox',
      rooms: [{ roomId: 1, epoch: 5, seq: 4, n: 3, messages: 0, deleted: [2] }],
    });
    await changed(inbox, () => entryOf(inbox, 1).mentions === 0);
    expect(shown(inbox)).to.deep.equal([[1, 2, 0]]);
    expect(api.asked.slice(1)).to.deep.equal([['/api/inbox', { roomId: 1 }]]);
  });

  it('follows what the user reads on other devices', async () => {
    api.rooms = [inboxRoom(1, { n: 3 })];
    const { inbox, connection } = await scene.open();
    connection.say({ type: 'read', roomId: 1, userId: ME.id + 1, epoch: 5, seq: 3, n: 3 });
    connection.say({ type: 'read', roomId: 1, userId: ME.id, epoch: 5, seq: 2, n: 2 });
    await changed(inbox, () => entryOf(inbox, 1).unread < 3);
    expect(entryOf(inbox, 1)).to.deep.include({ unread: 1, readPosition: { epoch: 5, seq: 2 } });
    api.rooms = [inboxRoom(1, { n: 3, readN: 1 })];
    connection.say({ type: 'read', roomId: 1, userId: ME.id, epoch: 5, seq: 1, unread: true });
    await changed(inbox, () => entryOf(inbox, 1).unread === 2);
  });

  it('adds and removes rooms', async () => {
    api.rooms = [inboxRoom(1, { n: 1 }), inboxRoom(2)];
    const { inbox, connection } = await scene.open();
    api.rooms.push(inboxRoom(3, { n: 2 }));
    connection.say({ type: 'inbox-rooms', added: [3], removed: [1] });
    await changed(inbox, () => inbox.entries.some(({ room }) => room.id === 3));
    expect(shown(inbox)).to.deep.equal([
      [3, 2, 0],
      [2, 0, 0],
    ]);
  });

  it('does not show a room of an answer that was made before its removal', async () => {
    api.rooms = [inboxRoom(1, { n: 1 })];
    const { inbox, connection } = await scene.open();
    const held = api.held();
    inbox.refresh(1);
    connection.say({ type: 'inbox-rooms', added: [], removed: [1] });
    await changed(inbox, () => inbox.entries.length === 0);
    connection.say({ type: 'inbox-rooms', added: [1], removed: [] });
    await event((listener) => inbox.subscribe(() => listener(undefined)));
    api.rooms = [inboxRoom(1, { n: 7 })];
    held.release();
    await changed(inbox, () => inbox.entries.length === 1);
    expect(shown(inbox)).to.deep.equal([[1, 7, 0]]);
  });

  it('watches again after inbox-reset, and after a reconnect, and keeps its entries meanwhile', async () => {
    api.rooms = [inboxRoom(1, { n: 1 }), inboxRoom(2)];
    const { inbox, connection } = await scene.open();
    connection.say({ type: 'inbox-reset' });
    await scene.watched(connection);
    await changed(inbox, () => inbox.complete);
    api.rooms = [inboxRoom(1, { n: 2 })];
    connection.socket.terminate();
    const again = await stage.connection();
    expect(shown(inbox)).to.deep.equal([
      [1, 1, 0],
      [2, 0, 0],
    ]);
    await scene.watched(again);
    await changed(inbox, () => inbox.complete);
    expect(shown(inbox)).to.deep.equal([[1, 2, 0]]);
  });

  it('repeats a watch that was refused for a time', async () => {
    const inbox = new Inbox(stage.client({ random: () => 0 }));
    const connection = await stage.connection();
    expect(await connection.next()).to.deep.equal({ type: 'watch-inbox' });
    connection.say({
      type: 'error',
      code: 'unavailable',
      error: 'wait',
      retry: true,
      request: 'watch-inbox',
    });
    await scene.watched(connection);
    await changed(inbox, () => inbox.complete);
  });

  it('repeats a reading that failed, and reports one that cannot succeed', async () => {
    api.rooms = [inboxRoom(1)];
    api.failures.push(new ChorusError('network', 'no answer', true));
    const { inbox, connection } = await scene.open();
    expect(shown(inbox)).to.deep.equal([[1, 0, 0]]);
    api.failures.push(new ChorusError('route_not_found', 'no such route', false, { status: 400 }));
    connection.say({ type: 'inbox-reset' });
    await scene.watched(connection);
    await changed(inbox, () => inbox.error !== undefined);
    expect(inbox.error).to.include({ code: 'route_not_found' });
  });

  it('does not count messages that were marked as read before their news arrived', async () => {
    api.rooms = [inboxRoom(1, { n: 3, readN: 3 }), inboxRoom(2, { n: 1, readN: 1 })];
    const { inbox, connection } = await scene.open();
    const unread: number[] = [];
    inbox.on('unread', ({ room }) => unread.push(room.id));
    inbox.markRead(1, { epoch: 5, seq: 4 });
    connection.say(
      { type: 'inbox', rooms: [{ roomId: 1, epoch: 5, seq: 4, n: 4, messages: 1, mentions: 1 }] },
      { type: 'inbox', rooms: [{ roomId: 2, epoch: 5, seq: 2, n: 2, messages: 1 }] },
    );
    await changed(inbox, () => entryOf(inbox, 2).unread === 1);
    expect(entryOf(inbox, 1)).to.deep.include({ unread: 0, mentions: 0, readPosition: { epoch: 5, seq: 4 } });
    expect(unread).to.deep.equal([2]);
    inbox.markRead(2, { epoch: 5, seq: 3 });
    connection.say({ type: 'read', roomId: 2, userId: ME.id, epoch: 5, seq: 3, n: 3 });
    connection.say({ type: 'inbox', rooms: [{ roomId: 2, epoch: 5, seq: 3, n: 3, messages: 1 }] });
    await changed(inbox, () => entryOf(inbox, 2).position?.seq === 3);
    expect(shown(inbox)).to.deep.equal([
      [2, 0, 0],
      [1, 0, 0],
    ]);
  });

  it('keeps the last message of joined rooms current, and reads that of direct rooms', async () => {
    const direct = inboxRoom(2, { n: 1 });
    api.rooms = [inboxRoom(1, { n: 1 }), { ...direct, room: { ...direct.room, kind: 'direct' } }];
    const client = stage.client({ random: () => 0 });
    const inbox = new Inbox(client);
    client.join(1);
    const connection = await stage.connection();
    expect((await next(connection, 2)).map(({ type }) => type)).to.have.members(['watch-inbox', 'join']);
    connection.say({ type: 'inbox-watched', rooms: 2 }, joined(1, 1));
    await changed(inbox, () => inbox.complete);
    connection.say(message(1, 2, { epoch: 5, n: 2, content: 'hello' }));
    await changed(inbox, () => entryOf(inbox, 1).lastMessage?.content === 'hello');
    connection.say({
      ...{
        type: 'change',
        change: 'edited',
        roomId: 1,
        epoch: 5,
        seq: 3,
        id: 'c',
        userId: 2,
        username: 'bob',
      },
      ...{ sentAt: 1, target: { epoch: 5, seq: 2 }, content: 'hello!' },
    });
    await changed(inbox, () => entryOf(inbox, 1).lastMessage?.content === 'hello!');
    connection.say({ type: 'inbox', rooms: [{ roomId: 1, epoch: 5, seq: 2, n: 2, messages: 1 }] });
    api.rooms = [{ ...direct, n: 2, position: '5-2', lastMessage: message(2, 2, { epoch: 5, n: 2 }) }];
    connection.say({ type: 'inbox', rooms: [{ roomId: 2, epoch: 5, seq: 2, n: 2, messages: 1 }] });
    await changed(inbox, () => entryOf(inbox, 2).lastMessage?.content === 'message 2');
    expect(api.asked.slice(1)).to.deep.equal([['/api/inbox', { roomId: 2 }]]);
  });

  it('shows nothing of a last message that was deleted', async () => {
    const last = { lastMessage: message(1, 3, { epoch: 5, n: 3, content: 'secret' }) };
    api.rooms = [inboxRoom(1, { n: 3, readN: 3, ...last })];
    const { inbox, connection } = await scene.open();
    expect(entryOf(inbox, 1).lastMessage?.content).to.equal('secret');
    connection.say({
      type: 'inbox',
      rooms: [{ roomId: 1, epoch: 5, seq: 4, n: 3, messages: 0, deleted: [3] }],
    });
    await changed(inbox, () => entryOf(inbox, 1).lastMessage === null);
  });

  it('opens on a client that is connected, and ends with close', async () => {
    const client = stage.client();
    const connection = await stage.connection();
    await event<ConnectionState>(
      (listener) => client.on('state', listener),
      ({ status }) => status === 'connected',
    );
    const inbox = new Inbox(client);
    await scene.watched(connection);
    await changed(inbox, () => inbox.complete);
    inbox.close();
    connection.say(
      { type: 'inbox-rooms', added: [7], removed: [] },
      { type: 'broadcast', content: 'end', username: '', roomId: 0 },
    );
    await event((listener) => client.on('broadcast', listener));
    expect(api.asked).to.have.length(1);
  });
});
