import { createLogger } from '@chorus/service';
import { expect } from 'chai';
import { BrokerUnavailableError, type Position, type StoredMessage } from './broker.js';
import { failure, type Recorder } from './conformance-recorder.js';
import type { Replay } from './replay.js';
import type { RoomFeeds, RoomFeedsOptions } from './room-feeds.js';
import { eventually, openFeeds } from './test-feeds.js';
import { ScriptedBroker } from './test-scripted-broker.js';

const ROOM = 7;
const EPOCH = 1_000;
const ALL = 1_000_000;

describe('replays', () => {
  let broker: ScriptedBroker;
  let feeds: RoomFeeds;
  let heard: Recorder;

  const open = async (options: Partial<RoomFeedsOptions> = {}): Promise<void> => {
    await feeds?.close();
    const log = createLogger({ service: 'test', level: 'silent' });
    const connect = async (listener: NonNullable<ScriptedBroker['listener']>): Promise<ScriptedBroker> => {
      broker.listener = listener;
      return broker;
    };
    ({ feeds, heard } = await openFeeds(connect, { retryMs: 5, log, ...options }));
    await feeds.acquire(ROOM);
  };

  beforeEach(async () => {
    broker = new ScriptedBroker();
    broker.room(ROOM, { epoch: EPOCH, seq: 10 });
    await open();
  });

  afterEach(() => feeds.close());

  const at = (seq: number, epoch = EPOCH): Position => ({ epoch, seq });
  const store = (count: number): StoredMessage[] => Array.from({ length: count }, () => broker.store(ROOM));
  const deliver = (count: number): void => broker.arrive(ROOM, ...store(count));
  const texts = (frames: readonly Uint8Array[] | undefined): string[] | undefined =>
    frames?.map((frame) => Buffer.from(frame).toString());
  const names = (from: number, to: number, epoch = EPOCH): string[] =>
    Array.from({ length: to - from + 1 }, (_, n) => `${epoch}-${from + n}`);
  const all = (replay: Replay | undefined): string[] | undefined => texts(replay?.next(ALL));
  const replayed = async (since: Position): Promise<string[] | undefined> =>
    all(await feeds.replay(ROOM, since));
  const asked = (method: 'between' | 'position', count: number): Promise<void> =>
    eventually(method, () => broker.count(method) >= count);

  it('give a client what it missed, and all that comes while it reads', async () => {
    deliver(20);
    const replay = await feeds.replay(ROOM, at(15));
    deliver(3);
    expect(all(replay)).to.deep.equal(names(16, 33));
    expect(all(replay)).to.deep.equal([]);
    deliver(2);
    expect(all(replay)).to.deep.equal(names(34, 35));
    replay?.end();
    expect(all(replay)).to.equal(undefined);
  });

  it('hand out no more at once than asked for, but at least one', async () => {
    deliver(5);
    const replay = await feeds.replay(ROOM, at(10));
    expect(texts(replay?.next(1))).to.deep.equal(names(11, 11));
    expect(texts(replay?.next(2 * '1000-12'.length))).to.deep.equal(names(12, 13));
    expect(texts(replay?.next(0))).to.deep.equal(names(14, 14));
    expect(all(replay)).to.deep.equal(names(15, 15));
  });

  it('count the message that is being delivered as delivered', async () => {
    const replay = await feeds.replay(ROOM, at(10));
    let within: string[] | undefined;
    const look = heard.until('a message', () => {
      if (heard.messages.length === 1) within ??= all(replay);
      return heard.messages.length === 2;
    });
    deliver(2);
    await look;
    expect(within).to.deep.equal(names(11, 11));
  });

  it('need no read when nothing was missed', async () => {
    deliver(3);
    expect(await replayed(at(13))).to.deep.equal([]);
    expect(broker.count('between')).to.equal(0);
  });

  it('share one read however many return', async () => {
    deliver(600);
    const since = (n: number): number => 200 + (n % 20);
    const clients = await Promise.all(Array.from({ length: 500 }, (_, n) => replayed(at(since(n)))));
    for (const [n, frames] of clients.entries()) expect(frames).to.deep.equal(names(since(n) + 1, 610));
    expect(broker.count('between')).to.equal(1);
  });

  it('share the read under way when it reaches back far enough, and else the next one', async () => {
    deliver(1_500);
    broker.slow.add('between');
    const first = replayed(at(1_300));
    await asked('between', 1);
    const others = [1_400, 1_290, 1_200, 1_100, 1_150].map((seq) => replayed(at(seq)));
    broker.release('between');
    expect(await first).to.deep.equal(names(1_301, 1_510));
    const counts = (await Promise.all(others)).map((frames) => frames?.length);
    expect(counts).to.deep.equal([110, 220, 310, 410, 360]);
    expect(broker.count('between')).to.equal(2);
  });

  it('read many pages, and make ends meet', async () => {
    await open({ pageSize: 10 });
    deliver(95);
    expect(await replayed(at(60))).to.deep.equal(names(61, 105));
    expect(await replayed(at(11))).to.deep.equal(names(12, 105));
    expect(broker.count('between')).to.equal(10);
  });

  it('keep what was read for a while, and no longer', async () => {
    await open({ replayKeepMs: 40 });
    deliver(10);
    const replay = await feeds.replay(ROOM, at(12));
    replay?.end();
    expect(feeds.stats.replayBytes).to.be.above(0);
    deliver(2);
    const again = await feeds.replay(ROOM, at(13));
    expect(all(again)).to.deep.equal(names(14, 22));
    expect(broker.count('between')).to.equal(1);
    const kept = new Promise((resolve) => setTimeout(resolve, 80));
    await kept;
    expect(feeds.stats.replayBytes, 'in use').to.be.above(0);
    again?.end();
    await eventually('the end of it', () => feeds.stats.replayBytes === 0);
    expect(await replayed(at(13))).to.deep.equal(names(14, 22));
    expect(broker.count('between')).to.equal(2);
  });

  describe('are refused', () => {
    it('when the history does not reach back that far', async () => {
      deliver(20);
      broker.rooms.get(ROOM)?.splice(0, 10);
      expect(await replayed(at(19))).to.equal(undefined);
      expect(await replayed(at(20))).to.deep.equal(names(21, 30));
      expect(await replayed(at(21))).to.deep.equal(names(22, 30));
      expect(feeds.stats).to.include({ replays: 2, replaysRefused: 1 });
    });

    it('without a read when it was read before that the history does not reach back that far', async () => {
      deliver(20);
      broker.rooms.get(ROOM)?.splice(0, 10);
      await replayed(at(12));
      const { replayReads } = feeds.stats;
      expect(await replayed(at(15))).to.equal(undefined);
      expect(feeds.stats.replayReads).to.equal(replayReads);
    });

    it('for positions ahead of the room, of other epochs, and of no message', async () => {
      deliver(5);
      const later = broker.store(ROOM, EPOCH + 5);
      broker.arrive(ROOM, later);
      await heard.until('all', () => heard.messages.length === 6);
      for (const position of [
        at(17, EPOCH + 5),
        at(3, EPOCH + 6),
        at(12, EPOCH + 1),
        at(16),
        at(14, EPOCH - 1),
      ]) {
        expect(await replayed(position), JSON.stringify(position)).to.equal(undefined);
      }
      expect(await replayed(at(12))).to.deep.equal([...names(13, 15), `${EPOCH + 5}-16`]);
    });

    it('when more were missed than are replayed', async () => {
      await open({ recoveryMaxMessages: 20 });
      deliver(50);
      expect(await replayed(at(39))).to.equal(undefined);
      expect(broker.count('between')).to.equal(0);
      expect(await replayed(at(40))).to.deep.equal(names(41, 60));
    });

    it('when what was missed takes more memory than a room may use', async () => {
      await open({ replayRoomBytes: 5_000, pageSize: 10 });
      deliver(100);
      const results = await Promise.all([50, 70, 100].map((seq) => replayed(at(seq))));
      expect(results.map((frames) => frames?.length)).to.deep.equal([undefined, undefined, 10]);
      const { replayReads } = feeds.stats;
      expect(await replayed(at(40))).to.equal(undefined);
      expect(feeds.stats.replayReads, 'no further read').to.equal(replayReads);
      expect(feeds.stats.replayBytes).to.be.within(4_000, 5_000);
    });

    it('when the room has been deleted', async () => {
      deliver(5);
      broker.slow.add('between');
      const before = await feeds.replay(ROOM, at(15));
      const during = replayed(at(12));
      await asked('between', 1);
      broker.listener?.onControl({ type: 'room-deleted', roomId: ROOM });
      broker.release('between');
      expect(await during).to.equal(undefined);
      expect(await replayed(at(15))).to.equal(undefined);
      expect(all(before)).to.equal(undefined);
    });

    it('when the room has been deleted and nobody had said so', async () => {
      broker.positions.delete(ROOM);
      expect(await replayed(at(11))).to.equal(undefined);
    });

    it('in a new room of the same id', async () => {
      deliver(5);
      const before = await feeds.replay(ROOM, at(12));
      broker.listener?.onControl({ type: 'room-deleted', roomId: ROOM });
      broker.room(ROOM, at(0, EPOCH + 9));
      await feeds.acquire(ROOM);
      broker.arrive(ROOM, broker.store(ROOM));
      await heard.until('the message', () => heard.messages.length === 6);
      expect(all(before)).to.equal(undefined);
      expect(await replayed(at(14))).to.equal(undefined);
      expect(await replayed(at(15))).to.equal(undefined);
      expect(await replayed(at(0, EPOCH + 9))).to.deep.equal([`${EPOCH + 9}-1`]);
    });

    it('when the room is not in use', async () => {
      expect(await feeds.replay(99, at(1))).to.equal(undefined);
    });
  });

  it('reject while the broker cannot be reached, and work when it can', async () => {
    deliver(5);
    broker.failing.add('between').add('position');
    expect(await failure(feeds.replay(ROOM, at(12)))).to.be.instanceOf(BrokerUnavailableError);
    expect(await failure(feeds.replay(ROOM, at(99)))).to.be.instanceOf(BrokerUnavailableError);
    broker.failing.clear();
    expect(await replayed(at(12))).to.deep.equal(names(13, 15));
  });

  describe('while the feed is behind', () => {
    it('end where the feed is, not where the room is', async () => {
      deliver(5);
      const missing = store(3);
      const replay = await feeds.replay(ROOM, at(12));
      expect(all(replay)).to.deep.equal(names(13, 15));
      broker.arrive(ROOM, ...missing);
      expect(all(replay)).to.deep.equal(names(16, 18));
    });

    it('go on with what is repaired', async () => {
      deliver(5);
      const missing = store(3);
      const replay = await feeds.replay(ROOM, at(12));
      broker.slow.add('between');
      broker.arrive(ROOM, missing[2] as StoredMessage);
      expect(feeds.stats.behind).to.equal(1);
      expect(all(replay)).to.deep.equal(names(13, 15));
      expect(all(replay)).to.deep.equal([]);
      broker.release('between');
      await heard.until('the repair', () => heard.messages.length === 8);
      expect(all(replay)).to.deep.equal(names(16, 18));
      await eventually('the end of the repair', () => feeds.stats.behind === 0);
      expect(feeds.stats).to.include({ gapsRepaired: 1, messagesLost: 0 });
    });

    it('wait until it has come to where the client was', async () => {
      deliver(2);
      store(6);
      expect(await replayed(at(16))).to.deep.equal(names(17, 18));
      expect(heard.messages).to.have.length(8);
    });

    it('wait for a repair that has begun', async () => {
      const missing = store(6);
      broker.slow.add('between');
      broker.arrive(ROOM, missing[5] as StoredMessage);
      const waiting = replayed(at(14));
      await asked('position', 2);
      broker.release('between');
      expect(await waiting).to.deep.equal(names(15, 16));
    });

    it('reject when it does not catch up, or is not needed any more', async () => {
      store(6);
      broker.failing.add('between');
      expect(await failure(feeds.replay(ROOM, at(14)))).to.be.instanceOf(BrokerUnavailableError);
      broker.failing.clear();
      broker.slow.add('between');
      const waiting = feeds.replay(ROOM, at(14));
      await asked('between', 2);
      feeds.release(ROOM);
      expect(await failure(waiting)).to.be.instanceOf(BrokerUnavailableError);
    });
  });

  describe('never skip a message', () => {
    it('when the history is trimmed between two pages', async () => {
      await open({ pageSize: 5 });
      deliver(30);
      broker.slow.add('between');
      const replay = replayed(at(15));
      await asked('between', 1);
      broker.releaseOne(() => 0);
      await asked('between', 2);
      // The second page was asked for; the third will not follow it any more.
      broker.rooms.get(ROOM)?.splice(0, 22);
      broker.releaseOne(() => 0);
      await asked('between', 3);
      broker.release('between');
      expect(await replay).to.equal(undefined);
      expect(await replayed(at(32))).to.deep.equal(names(33, 40));
    });

    it('when the feed lost some while the history was read', async () => {
      deliver(10);
      broker.slow.add('between');
      const replay = replayed(at(15));
      await asked('between', 1);
      const missing = store(5);
      broker.rooms.get(ROOM)?.splice(0, 13);
      broker.arrive(ROOM, missing[4] as StoredMessage);
      await asked('between', 2);
      broker.releaseOne(() => 1);
      await heard.until('what is left', () => heard.messages.length === 12);
      expect(feeds.stats.messagesLost).to.equal(3);
      broker.release('between');
      expect(await replay).to.equal(undefined);
      expect(await replayed(at(20))).to.equal(undefined);
      expect(await replayed(at(23))).to.deep.equal(names(24, 25));
    });

    it('when the window lost its oldest while the history was read', async () => {
      await open({ replayRoomBytes: 2_000 });
      deliver(20);
      broker.slow.add('between');
      const replay = replayed(at(25));
      await asked('between', 1);
      deliver(30);
      broker.release('between');
      expect(await replay).to.equal(undefined);
      expect(await replayed(at(55))).to.deep.equal(names(56, 60));
    });

    it('when the window gave way to others while the history was read', async () => {
      await open({ replayBytes: 10_000, pageSize: 10 });
      deliver(20);
      broker.slow.add('between');
      const replay = replayed(at(27));
      await asked('between', 1);
      // Until it has just given way, and has room for what is read.
      for (let bytes = 0; feeds.stats.replayBytes >= bytes; deliver(1)) bytes = feeds.stats.replayBytes;
      const last = feeds.position(ROOM)?.seq ?? 0;
      broker.release('between');
      expect(await replay).to.equal(undefined);
      expect(await replayed(at(28))).to.equal(undefined);
      expect(await replayed(at(last - 2))).to.deep.equal(names(last - 1, last));
    });

    it('when a message arrived that the history has lost', async () => {
      deliver(5);
      const replay = await feeds.replay(ROOM, at(12));
      const lost = store(3);
      broker.rooms.get(ROOM)?.splice(5);
      broker.positions.set(ROOM, at(15));
      broker.arrive(ROOM, lost[2] as StoredMessage);
      await eventually('the end of the search', () => feeds.stats.behind === 0);
      expect(all(replay)).to.equal(undefined);
      expect(feeds.stats.messagesLost).to.equal(3);
    });

    it('when a client is so slow that what it needs next is gone', async () => {
      await open({ replayRoomBytes: 5_000 });
      deliver(20);
      const slow = await feeds.replay(ROOM, at(15));
      const quick = await feeds.replay(ROOM, at(15));
      expect(texts(slow?.next(20))).to.deep.equal(names(16, 17));
      expect(all(quick)).to.deep.equal(names(16, 30));
      for (let n = 0; n < 50; n++) {
        deliver(1);
        expect(all(quick)).to.deep.equal(names(31 + n, 31 + n));
      }
      expect(all(slow)).to.equal(undefined);
    });

    it('when the feed lost some while the client reads', async () => {
      deliver(5);
      const replay = await feeds.replay(ROOM, at(12));
      const done = await feeds.replay(ROOM, at(15));
      expect(all(done)).to.deep.equal([]);
      const missing = store(4);
      broker.rooms.get(ROOM)?.splice(0, 7);
      broker.arrive(ROOM, missing[3] as StoredMessage);
      await heard.until('what is left', () => heard.messages.length === 7);
      expect(all(replay)).to.equal(undefined);
      expect(all(done)).to.equal(undefined);
    });

    it('when the room has an epoch before which something may be missing', async () => {
      deliver(5);
      const replay = await feeds.replay(ROOM, at(12));
      // Redis came back with less, two more were said, and nothing of it is left.
      broker.positions.set(ROOM, at(13));
      broker.store(ROOM, EPOCH + 5);
      broker.store(ROOM);
      broker.rooms.set(ROOM, []);
      broker.listener?.onResumed();
      await eventually('the new epoch', () => feeds.position(ROOM)?.epoch === EPOCH + 5);
      expect(feeds.position(ROOM)).to.deep.equal(at(15, EPOCH + 5));
      expect(all(replay)).to.equal(undefined);
      expect(await replayed(at(15))).to.equal(undefined);
    });

    it('when Redis came back with less than was delivered here', async () => {
      deliver(5);
      broker.rooms.get(ROOM)?.splice(3);
      broker.positions.set(ROOM, at(13));
      expect(await replayed(at(12))).to.equal(undefined);
      expect(await replayed(at(15))).to.deep.equal([]);
    });
  });

  describe('across epochs', () => {
    it('are exact when the history still has the message at the position', async () => {
      await open({ pageSize: 10 });
      deliver(5);
      broker.arrive(ROOM, broker.store(ROOM, EPOCH + 5));
      await heard.until('all', () => heard.messages.length === 6);
      deliver(2);
      expect(await replayed(at(15))).to.deep.equal(names(16, 18, EPOCH + 5));
      expect(await replayed(at(13))).to.deep.equal([...names(14, 15), ...names(16, 18, EPOCH + 5)]);
      expect(await replayed(at(15, EPOCH + 5))).to.deep.equal(names(16, 18, EPOCH + 5));
    });

    it('go on while the epoch changes', async () => {
      deliver(5);
      const replay = await feeds.replay(ROOM, at(13));
      broker.arrive(ROOM, broker.store(ROOM, EPOCH + 5));
      await heard.until('all', () => heard.messages.length === 6);
      expect(all(replay)).to.deep.equal([...names(14, 15), `${EPOCH + 5}-16`]);
    });

    it('go on when the new epoch has begun without a message', async () => {
      deliver(5);
      const replay = await feeds.replay(ROOM, at(13));
      broker.positions.set(ROOM, at(15, EPOCH + 5));
      broker.listener?.onResumed();
      await eventually('the epoch', () => feeds.position(ROOM)?.epoch === EPOCH + 5);
      expect(await replayed(at(14))).to.deep.equal(names(15, 15));
      deliver(1);
      expect(all(replay)).to.deep.equal([...names(14, 15), `${EPOCH + 5}-16`]);
      await feeds.close();
      await open();
      expect(await replayed(at(14))).to.deep.equal([...names(15, 15), `${EPOCH + 5}-16`]);
    });
  });

  it('of all rooms together take no more memory than a node may use', async () => {
    await open({ replayBytes: 20_000 });
    const rooms = [21, 22, 23, 24];
    const replays = new Map<number, Replay | undefined>();
    for (const roomId of rooms) {
      broker.room(roomId, at(0));
      await feeds.acquire(roomId);
      replays.set(roomId, await feeds.replay(roomId, at(0)));
    }
    for (let n = 0; n < 100; n++) {
      for (const roomId of rooms) {
        broker.arrive(roomId, broker.store(roomId));
        // One of them reads on.
        if (roomId === 21) expect(texts(replays.get(21)?.next(1))).to.deep.equal(names(n + 1, n + 1));
        expect(feeds.stats.replayBytes).to.be.at.most(20_000);
      }
    }
    expect(feeds.stats.replayBytes).to.be.above(15_000);
    for (const roomId of rooms.slice(1)) expect(replays.get(roomId)?.next(1)).to.equal(undefined);
    for (const replay of replays.values()) replay?.end();
    for (const roomId of rooms) feeds.release(roomId);
    await eventually('the end of the rooms', () => feeds.size === 1);
    expect(feeds.stats.replayBytes).to.equal(0);
  });
});
