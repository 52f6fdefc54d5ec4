import { expect } from 'chai';
import { inboxRoom } from '../testing/inbox-room.js';
import { changed, entryOf, InboxStage } from '../testing/inbox-stage.js';
import { ME, type Stage } from '../testing/stage.js';
import type { TestInbox } from '../testing/test-inbox.js';
import { Inbox } from './inbox.js';

describe('marks of an inbox', () => {
  let scene: InboxStage;
  let stage: Stage;
  let api: TestInbox;
  beforeEach(async () => {
    scene = await InboxStage.set();
    ({ stage, api } = scene);
  });
  afterEach(() => scene.close());

  it('mark as read at once, and send the last position per room', async () => {
    api.rooms = [inboxRoom(1, { n: 3 })];
    const { inbox, connection } = await scene.open();
    inbox.markRead(1);
    expect(entryOf(inbox, 1)).to.deep.include({ unread: 0, readPosition: { epoch: 5, seq: 3 } });
    expect(await connection.next()).to.deep.equal({ type: 'read', roomId: 1, epoch: 5, seq: 3 });
    connection.socket.terminate();
    inbox.markRead(1, { epoch: 5, seq: 2 });
    const again = await stage.connection();
    await scene.watched(again);
    expect(await again.next()).to.deep.equal({ type: 'read', roomId: 1, epoch: 5, seq: 3 });
  });

  it('mark as unread from a message on', async () => {
    api.rooms = [inboxRoom(1, { n: 3, readN: 3 })];
    const { inbox, connection } = await scene.open();
    inbox.markUnread(1, { epoch: 5, seq: 2 });
    expect(await connection.next()).to.deep.equal({
      type: 'read',
      roomId: 1,
      epoch: 5,
      seq: 1,
      unread: true,
    });
    api.rooms = [inboxRoom(1, { n: 3, readN: 1 })];
    connection.say({ type: 'read', roomId: 1, userId: ME.id, epoch: 5, seq: 1, n: 1, unread: true });
    await changed(inbox, () => entryOf(inbox, 1).unread === 2);
  });

  it('are repeated when refused for a time; when refused for good the room is read again', async () => {
    api.rooms = [inboxRoom(1, { n: 3 })];
    const { inbox, connection } = await scene.open();
    inbox.markRead(1);
    const mark = { type: 'read', roomId: 1, epoch: 5, seq: 3 };
    const about = { request: 'read', roomId: 1 };
    expect(await connection.next()).to.deep.equal(mark);
    connection.say({ type: 'error', code: 'unavailable', error: 'wait', retry: true, ...about });
    expect(await connection.next()).to.deep.equal(mark);
    connection.say({ type: 'error', code: 'role_required', error: 'no', retry: false, ...about });
    await changed(inbox, () => entryOf(inbox, 1).unread === 3);
  });

  it('wait for a newer gateway while the gateway does not know them', async () => {
    api.rooms = [inboxRoom(1, { n: 3 })];
    const inbox = new Inbox(stage.client());
    const connection = await stage.connection();
    await connection.next();
    connection.say({ type: 'error', code: 'bad_frame', error: 'type', retry: false });
    await changed(inbox, () => inbox.complete);
    inbox.markRead(1);
    connection.socket.terminate();
    const newer = await stage.connection();
    await scene.watched(newer);
    expect(await newer.next()).to.deep.equal({ type: 'read', roomId: 1, epoch: 5, seq: 3 });
  });
});
