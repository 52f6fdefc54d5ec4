import type { Activity } from '@chorus/broker';
import type { V1ServerFrame } from '@chorus/protocol';
import { UnavailableError } from '@chorus/redis';
import { failure, silentLog, until } from '@chorus/testing';
import { expect } from 'chai';
import { Inboxes, type InboxesParts, TooManyInboxRoomsError } from './inboxes.js';
import type { InboxSocket } from './watching-users.js';

const INTERVAL_MS = 40;
const MAX_QUEUED = 1_000;

class FakeSocket implements InboxSocket {
  readonly frames: V1ServerFrame[] = [];
  readonly user: { readonly id: number };
  open = true;
  queuedBytes = 0;
  constructor(userId: number) {
    this.user = { id: userId };
  }
  send(frame: string | Uint8Array): void {
    this.frames.push(JSON.parse(Buffer.from(frame as Uint8Array).toString()));
  }
  get types(): string[] {
    return this.frames.map(({ type }) => type);
  }
  /** Parts of all `inbox` frames so far. */
  get news() {
    return this.frames.flatMap((frame) => (frame.type === 'inbox' ? frame.rooms : []));
  }
}

describe('inboxes', () => {
  let inboxes: Inboxes;
  let rooms: Map<number, number[]>;
  let reads: number;
  /** Called by each read, before it answers. */
  let whileReading: () => Promise<void> | void;
  let seq: number;

  const create = (parts: Partial<InboxesParts> = {}): Inboxes =>
    new Inboxes({
      broker: { watchActivity: async () => undefined },
      access: {
        roomsOf: async (userId) => {
          reads++;
          const found = rooms.get(userId) ?? [];
          await whileReading();
          return found;
        },
      },
      ...{ intervalMs: INTERVAL_MS, maxRooms: 1_000, maxQueuedBytes: MAX_QUEUED, log: silentLog },
      ...parts,
    });

  beforeEach(() => {
    [reads, seq, whileReading] = [0, 0, () => undefined];
    rooms = new Map([
      [1, [7, 8]],
      [2, [7]],
      [3, [8]],
    ]);
    inboxes = create();
  });
  afterEach(() => inboxes.close());

  const message = (
    roomId: number,
    by: number,
    mentions: Array<number | 'room'> = [],
  ): Extract<Activity, { kind: 'messages' }> => {
    const n = ++seq;
    const users = mentions.filter((each) => each !== 'room');
    const mentioning = mentions.length === 0 ? [] : [{ by, users, room: mentions.includes('room') }];
    const about = { roomId, epoch: 5, seq: n, n, count: 1 };
    return { kind: 'messages', ...about, senders: [{ userId: by, n }], mentions: mentioning };
  };
  const publish = (...given: Parameters<typeof message>): void => inboxes.onActivity(message(...given));
  const change = (kind: 'added' | 'removed', roomId: number, userId: number): void =>
    inboxes.onActivity({ kind, roomId, userId });
  const watch = async (userId: number): Promise<FakeSocket> => {
    const socket = new FakeSocket(userId);
    await inboxes.watch(socket);
    return socket;
  };
  const counts = (socket: FakeSocket): Array<[number, number]> =>
    socket.news.map(({ roomId, messages }) => [roomId, messages]);
  const received = (socket: FakeSocket, frames: number): Promise<void> =>
    until(`${frames} frames`, () => socket.frames.length >= frames);

  it('send news once to a socket that has begun several times at once', async () => {
    const other = await watch(1);
    const socket = new FakeSocket(1);
    await Promise.all([1, 2, 3].map(() => inboxes.watch(socket)));
    publish(7, 2);
    await until('the news', () => other.news.length === 1);
    expect([counts(socket), inboxes.stats.sockets]).to.deep.equal([[[7, 1]], 2]);
    inboxes.leave(socket);
    expect(inboxes.stats.sockets).to.equal(1);
  });

  it('answer with the number of rooms, and send news of these rooms only', async () => {
    const [ann, bob] = [await watch(1), await watch(2)];
    expect(ann.frames).to.deep.equal([{ type: 'inbox-watched', rooms: 2 }]);
    publish(8, 3);
    publish(7, 3);
    publish(9, 3);
    await received(ann, 2);
    await received(bob, 2);
    expect(ann.frames[1]).to.deep.equal({
      type: 'inbox',
      rooms: [
        { roomId: 8, epoch: 5, seq: 1, n: 1, messages: 1 },
        { roomId: 7, epoch: 5, seq: 2, n: 2, messages: 1 },
      ],
    });
    expect(counts(bob)).to.deep.equal([[7, 1]]);
  });

  it('gather news: a socket gets at most one frame per interval, with each room once', async () => {
    const ann = await watch(1);
    const began = performance.now();
    const times: number[] = [];
    const send = ann.send.bind(ann);
    ann.send = (frame) => {
      times.push(performance.now());
      send(frame);
    };
    for (let n = 0; n < 50; n++) {
      publish(7, 3);
      publish(8, 3);
      await new Promise((resolve) => setTimeout(resolve, 2));
    }
    await until(() => ann.news.reduce((sum, { messages }) => sum + messages, 0) === 100);
    const took = performance.now() - began;
    expect(times.length).to.be.at.most(took / INTERVAL_MS + 2);
    for (const frame of ann.frames) {
      if (frame.type !== 'inbox') continue;
      expect(new Set(frame.rooms.map(({ roomId }) => roomId)).size).to.equal(frame.rooms.length);
    }
  });

  it('report own messages, mentions and deletions', async () => {
    const [ann, bob] = [await watch(1), await watch(2)];
    publish(7, 1);
    publish(7, 2, [1, 2]);
    publish(7, 1, ['room', 2]);
    publish(7, 3, ['room']);
    publish(7, 3, [1]);
    inboxes.onActivity({ kind: 'deleted', roomId: 7, epoch: 5, seq: 6, n: 5, deleted: 2 });
    await received(ann, 2);
    await received(bob, 2);
    const common = { roomId: 7, epoch: 5, seq: 6, n: 5, messages: 5, deleted: [2] };
    // Ann: by Bob, by a third user to all, by a third user. Bob: by Ann to all and Bob, by a third user to all.
    expect(ann.news).to.deep.equal([{ ...common, ownN: 3, mentions: 3 }]);
    expect(bob.news).to.deep.equal([{ ...common, ownN: 2, mentions: 2 }]);
  });

  it('send mentions of all members to users who have neither sent nor been mentioned', async () => {
    const ann = await watch(1);
    publish(7, 2, ['room']);
    await received(ann, 2);
    expect(ann.news[0]?.mentions).to.equal(1);
  });

  it('announce rooms of which the user has become a member, and no longer is one', async () => {
    const bob = await watch(2);
    change('added', 8, 2);
    publish(8, 3);
    await received(bob, 3);
    expect(bob.frames[1]).to.deep.equal({ type: 'inbox-rooms', added: [8], removed: [] });
    expect(counts(bob)).to.deep.equal([[8, 1]]);
    publish(8, 3);
    change('removed', 8, 2);
    publish(8, 3);
    publish(7, 3);
    await received(bob, 5);
    expect(bob.frames[3]).to.deep.equal({ type: 'inbox-rooms', added: [], removed: [8] });
    expect(counts(bob)).to.deep.equal([
      [8, 1],
      [7, 1],
    ]);
    // What the user has, or has not, already is no change.
    change('added', 7, 2);
    change('removed', 8, 2);
    publish(7, 3);
    await received(bob, 6);
    expect(bob.types.slice(4)).to.deep.equal(['inbox', 'inbox']);
  });

  it('apply changes that happen while the rooms are read', async () => {
    whileReading = () => {
      change('removed', 7, 1);
      change('added', 9, 1);
      inboxes.control({ type: 'room-deleted', roomId: 8 });
    };
    const ann = await watch(1);
    expect(ann.frames).to.deep.equal([{ type: 'inbox-watched', rooms: 1 }]);
    publish(7, 3);
    publish(8, 3);
    publish(9, 3);
    await received(ann, 2);
    expect(counts(ann)).to.deep.equal([[9, 1]]);
  });

  it('read the rooms of a user once for all sockets, until the last has closed', async () => {
    const sockets = await Promise.all([watch(1), watch(1)]);
    const third = await watch(1);
    expect(reads).to.equal(1);
    for (const socket of sockets) inboxes.leave(socket);
    publish(7, 3);
    await received(third, 2);
    expect(sockets.map((each) => each.types)).to.deep.equal([['inbox-watched'], ['inbox-watched']]);
    inboxes.leave(third);
    expect(inboxes.stats).to.include({ sockets: 0, rooms: 0 });
    await watch(1);
    expect(reads).to.equal(2);
  });

  it('begin again for a socket that watches already, and answer it once per frame', async () => {
    const ann = await watch(1);
    rooms.set(1, [7]);
    await inboxes.watch(ann);
    await Promise.all([inboxes.watch(ann), inboxes.watch(ann)]);
    publish(7, 3);
    await until(() => ann.news.length > 0);
    expect(ann.frames[1]).to.deep.equal({ type: 'inbox-watched', rooms: 1 });
    expect(counts(ann)).to.deep.equal([[7, 1]]);
    expect(inboxes.stats.sockets).to.equal(1);
  });

  it('watch nothing for a socket that closes while the rooms are read', async () => {
    const ann = new FakeSocket(1);
    whileReading = () => {
      ann.open = false;
      inboxes.leave(ann);
    };
    await inboxes.watch(ann);
    expect([ann.frames, inboxes.stats.rooms]).to.deep.equal([[], 0]);
  });

  it('refuse while the memberships are not complete, and users with too many rooms', async () => {
    inboxes = create({ maxRooms: 1 });
    expect(await failure(watch(1))).to.be.instanceOf(TooManyInboxRoomsError);
    await watch(2);
    whileReading = () => Promise.reject(new UnavailableError('not complete'));
    expect(await failure(watch(3))).to.be.instanceOf(UnavailableError);
    whileReading = () => undefined;
    await watch(3);
  });

  it('end all watches when news may be missing, and send nothing that was gathered', async () => {
    const [ann, bob] = [await watch(1), await watch(2)];
    publish(7, 3);
    inboxes.onActivityMissed();
    publish(7, 3);
    change('removed', 7, 2);
    await received(ann, 2);
    await received(bob, 2);
    await new Promise((resolve) => setTimeout(resolve, 2 * INTERVAL_MS));
    for (const each of [ann, bob]) expect(each.types).to.deep.equal(['inbox-watched', 'inbox-reset']);
    expect(inboxes.stats).to.deep.include({ sockets: 0, rooms: 0, resets: { missed: 2, slow: 0 } });
    await inboxes.watch(ann);
    publish(7, 3);
    await until(() => ann.news.length > 0);
  });

  it('refuse a watch whose rooms are read while news may be missing', async () => {
    whileReading = () => inboxes.onActivityMissed();
    expect(await failure(watch(1))).to.be.instanceOf(UnavailableError);
    expect(inboxes.stats.rooms).to.equal(0);
  });

  it('end the watch of a socket that does not read, and reset it when it does', async () => {
    const [slow, other] = [await watch(1), await watch(1)];
    slow.queuedBytes = MAX_QUEUED + 1;
    for (let n = 0; n < 3; n++) {
      publish(7, 3);
      await until(() => other.news.length > n);
    }
    expect(slow.types).to.deep.equal(['inbox-watched']);
    expect(inboxes.stats).to.deep.include({ sockets: 1, resets: { missed: 0, slow: 1 } });
    slow.queuedBytes = MAX_QUEUED;
    inboxes.drained(slow);
    expect(slow.types).to.deep.equal(['inbox-watched']);
    slow.queuedBytes = 0;
    inboxes.drained(slow);
    inboxes.drained(slow);
    expect(slow.types).to.deep.equal(['inbox-watched', 'inbox-reset']);
  });

  it('split news of many rooms over several frames', async () => {
    rooms.set(
      1,
      Array.from({ length: 450 }, (_, index) => index + 1),
    );
    const ann = await watch(1);
    for (let room = 1; room <= 450; room++) publish(room, 3);
    await until(() => ann.news.length === 450);
    const sizes = ann.frames.flatMap((frame) => (frame.type === 'inbox' ? [frame.rooms.length] : []));
    expect(Math.max(...sizes)).to.equal(200);
  });

  it('remove deleted rooms, and rooms from which the user is banned', async () => {
    const [ann, bob] = [await watch(1), await watch(2)];
    publish(7, 3);
    inboxes.control({ type: 'room-deleted', roomId: 7 });
    inboxes.control({ type: 'user-banned', userId: 1, roomId: 8 });
    publish(7, 3);
    publish(8, 3);
    await received(ann, 2);
    await received(bob, 2);
    expect(ann.frames[1]).to.deep.equal({ type: 'inbox-rooms', added: [], removed: [7, 8] });
    expect(bob.frames[1]).to.deep.equal({ type: 'inbox-rooms', added: [], removed: [7] });
    expect(inboxes.stats.rooms).to.equal(0);
  });

  it('pass reading on to all watching sockets of the user, and to no other', async () => {
    const [ann, phone, bob] = [await watch(1), await watch(1), await watch(2)];
    inboxes.onActivity({ kind: 'read', roomId: 7, userId: 1, epoch: 5, seq: 9, n: 8, unread: false });
    inboxes.onActivity({ kind: 'read', roomId: 7, userId: 1, epoch: 5, seq: 2, n: undefined, unread: true });
    for (const each of [ann, phone]) {
      expect(each.frames.slice(1)).to.deep.equal([
        { type: 'read', roomId: 7, userId: 1, epoch: 5, seq: 9, n: 8 },
        { type: 'read', roomId: 7, userId: 1, epoch: 5, seq: 2, unread: true },
      ]);
    }
    expect(bob.types).to.deep.equal(['inbox-watched']);
  });
});
