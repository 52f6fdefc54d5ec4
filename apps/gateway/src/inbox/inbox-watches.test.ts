import { UnavailableError } from '@chorus/redis';
import { failure, until } from '@chorus/testing';
import { expect } from 'chai';
import { FakeSocket, INTERVAL_MS, InboxFixture, MAX_QUEUED } from '../testing/inboxes.js';
import { TooManyInboxRoomsError } from './inboxes.js';

describe('watches of inboxes', () => {
  let fixture: InboxFixture;
  beforeEach(() => {
    fixture = new InboxFixture();
  });
  afterEach(() => fixture.close());

  it('send news once to a socket that has begun several times at once', async () => {
    const other = await fixture.watch(1);
    const socket = new FakeSocket(1);
    await Promise.all([1, 2, 3].map(() => fixture.inboxes.watch(socket)));
    fixture.publish(7, 2);
    await until('the news', () => other.news.length === 1);
    expect([socket.counts, fixture.inboxes.stats.sockets]).to.deep.equal([[[7, 1]], 2]);
    fixture.inboxes.leave(socket);
    expect(fixture.inboxes.stats.sockets).to.equal(1);
  });

  it('announce rooms of which the user has become a member, and no longer is one', async () => {
    const bob = await fixture.watch(2);
    fixture.change('added', 8, 2);
    fixture.publish(8, 3);
    await bob.received(3);
    expect(bob.frames[1]).to.deep.equal({ type: 'inbox-rooms', added: [8], removed: [] });
    expect(bob.counts).to.deep.equal([[8, 1]]);
    fixture.publish(8, 3);
    fixture.change('removed', 8, 2);
    fixture.publish(8, 3);
    fixture.publish(7, 3);
    await bob.received(5);
    expect(bob.frames[3]).to.deep.equal({ type: 'inbox-rooms', added: [], removed: [8] });
    expect(bob.counts).to.deep.equal([
      [8, 1],
      [7, 1],
    ]);
    // What the user has, or has not, already is no change.
    fixture.change('added', 7, 2);
    fixture.change('removed', 8, 2);
    fixture.publish(7, 3);
    await bob.received(6);
    expect(bob.types.slice(4)).to.deep.equal(['inbox', 'inbox']);
  });

  it('apply changes that happen while the rooms are read', async () => {
    fixture.whileReading = () => {
      fixture.change('removed', 7, 1);
      fixture.change('added', 9, 1);
      fixture.inboxes.control({ type: 'room-deleted', roomId: 8 });
    };
    const ann = await fixture.watch(1);
    expect(ann.frames).to.deep.equal([{ type: 'inbox-watched', rooms: 1 }]);
    fixture.publish(7, 3);
    fixture.publish(8, 3);
    fixture.publish(9, 3);
    await ann.received(2);
    expect(ann.counts).to.deep.equal([[9, 1]]);
  });

  it('read the rooms of a user once for all sockets, until the last has closed', async () => {
    const sockets = await Promise.all([fixture.watch(1), fixture.watch(1)]);
    const third = await fixture.watch(1);
    expect(fixture.reads).to.equal(1);
    for (const socket of sockets) fixture.inboxes.leave(socket);
    fixture.publish(7, 3);
    await third.received(2);
    expect(sockets.map((each) => each.types)).to.deep.equal([['inbox-watched'], ['inbox-watched']]);
    fixture.inboxes.leave(third);
    expect(fixture.inboxes.stats).to.include({ sockets: 0, rooms: 0 });
    await fixture.watch(1);
    expect(fixture.reads).to.equal(2);
  });

  it('begin again for a socket that watches already, and answer it once per frame', async () => {
    const ann = await fixture.watch(1);
    fixture.rooms.set(1, [7]);
    await fixture.inboxes.watch(ann);
    await Promise.all([fixture.inboxes.watch(ann), fixture.inboxes.watch(ann)]);
    fixture.publish(7, 3);
    await until(() => ann.news.length > 0);
    expect(ann.frames[1]).to.deep.equal({ type: 'inbox-watched', rooms: 1 });
    expect(ann.counts).to.deep.equal([[7, 1]]);
    expect(fixture.inboxes.stats.sockets).to.equal(1);
  });

  it('watch nothing for a socket that closes while the rooms are read', async () => {
    const ann = new FakeSocket(1);
    fixture.whileReading = () => {
      ann.open = false;
      fixture.inboxes.leave(ann);
    };
    await fixture.inboxes.watch(ann);
    expect([ann.frames, fixture.inboxes.stats.rooms]).to.deep.equal([[], 0]);
  });

  it('refuse while the memberships are not complete, and users with too many rooms', async () => {
    fixture.close();
    fixture = new InboxFixture({ maxRooms: 1 });
    expect(await failure(fixture.watch(1))).to.be.instanceOf(TooManyInboxRoomsError);
    await fixture.watch(2);
    fixture.whileReading = () => Promise.reject(new UnavailableError('not complete'));
    expect(await failure(fixture.watch(3))).to.be.instanceOf(UnavailableError);
    fixture.whileReading = () => undefined;
    await fixture.watch(3);
  });

  it('end all watches when news may be missing, and send nothing that was gathered', async () => {
    const [ann, bob] = [await fixture.watch(1), await fixture.watch(2)];
    fixture.publish(7, 3);
    fixture.inboxes.onActivityMissed();
    fixture.publish(7, 3);
    fixture.change('removed', 7, 2);
    await ann.received(2);
    await bob.received(2);
    await new Promise((resolve) => setTimeout(resolve, 2 * INTERVAL_MS));
    for (const each of [ann, bob]) expect(each.types).to.deep.equal(['inbox-watched', 'inbox-reset']);
    expect(fixture.inboxes.stats).to.deep.include({ sockets: 0, rooms: 0, resets: { missed: 2, slow: 0 } });
    await fixture.inboxes.watch(ann);
    fixture.publish(7, 3);
    await until(() => ann.news.length > 0);
  });

  it('refuse a watch whose rooms are read while news may be missing', async () => {
    fixture.whileReading = () => fixture.inboxes.onActivityMissed();
    expect(await failure(fixture.watch(1))).to.be.instanceOf(UnavailableError);
    expect(fixture.inboxes.stats.rooms).to.equal(0);
  });

  it('end the watch of a socket that does not read, and reset it when it does', async () => {
    const [slow, other] = [await fixture.watch(1), await fixture.watch(1)];
    slow.queuedBytes = MAX_QUEUED + 1;
    for (let n = 0; n < 3; n++) {
      fixture.publish(7, 3);
      await until(() => other.news.length > n);
    }
    expect(slow.types).to.deep.equal(['inbox-watched']);
    expect(fixture.inboxes.stats).to.deep.include({ sockets: 1, resets: { missed: 0, slow: 1 } });
    slow.queuedBytes = MAX_QUEUED;
    fixture.inboxes.drained(slow);
    expect(slow.types).to.deep.equal(['inbox-watched']);
    slow.queuedBytes = 0;
    fixture.inboxes.drained(slow);
    fixture.inboxes.drained(slow);
    expect(slow.types).to.deep.equal(['inbox-watched', 'inbox-reset']);
  });

  it('remove deleted rooms, and rooms from which the user is banned', async () => {
    const [ann, bob] = [await fixture.watch(1), await fixture.watch(2)];
    fixture.publish(7, 3);
    fixture.inboxes.control({ type: 'room-deleted', roomId: 7 });
    fixture.inboxes.control({ type: 'user-banned', userId: 1, roomId: 8 });
    fixture.publish(7, 3);
    fixture.publish(8, 3);
    await ann.received(2);
    await bob.received(2);
    expect(ann.frames[1]).to.deep.equal({ type: 'inbox-rooms', added: [], removed: [7, 8] });
    expect(bob.frames[1]).to.deep.equal({ type: 'inbox-rooms', added: [], removed: [7] });
    expect(fixture.inboxes.stats.rooms).to.equal(0);
  });
});
