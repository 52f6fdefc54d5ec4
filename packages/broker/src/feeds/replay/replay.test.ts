import { UnavailableError } from '@chorus/redis';
import { failure, until } from '@chorus/testing';
import { expect } from 'chai';
import type { StoredMessage } from '../../broker.js';
import { all, at, EPOCH, names, ReplayBench, ROOM, texts } from '../../testing/replay-bench.js';
import type { Replay } from './replay.js';

describe('replays', () => {
  const bench = new ReplayBench();

  beforeEach(() => bench.begin());
  afterEach(() => bench.end());

  it('give a client the messages that it missed, and all that arrive while it reads', async () => {
    bench.deliver(20);
    const replay = await bench.feeds.replay(ROOM, at(15));
    bench.deliver(3);
    expect(all(replay)).to.deep.equal(names(16, 33));
    expect(all(replay)).to.deep.equal([]);
    bench.deliver(2);
    expect(all(replay)).to.deep.equal(names(34, 35));
    replay?.end();
    expect(all(replay)).to.equal(undefined);
  });

  it('hand out at most the requested bytes at once, but at least one message', async () => {
    bench.deliver(5);
    const replay = await bench.feeds.replay(ROOM, at(10));
    expect(texts(replay?.next(1))).to.deep.equal(names(11, 11));
    expect(texts(replay?.next(2 * '1000-12'.length))).to.deep.equal(names(12, 13));
    expect(texts(replay?.next(0))).to.deep.equal(names(14, 14));
    expect(all(replay)).to.deep.equal(names(15, 15));
  });

  it('count the message that is being delivered as delivered', async () => {
    const replay = await bench.feeds.replay(ROOM, at(10));
    let within: string[] | undefined;
    const look = bench.heard.until('a message', () => {
      if (bench.heard.messages.length === 1) within ??= all(replay);
      return bench.heard.messages.length === 2;
    });
    bench.deliver(2);
    await look;
    expect(within).to.deep.equal(names(11, 11));
  });

  it('name the last missed message, or the position of the client', async () => {
    bench.deliver(5);
    const [some, none] = [await bench.feeds.replay(ROOM, at(12)), await bench.feeds.replay(ROOM, at(15))];
    expect([some?.upTo, none?.upTo]).to.deep.equal([at(15), at(15)]);
    all(some);
    expect(some?.upTo).to.deep.equal(at(15));
    bench.deliver(2);
    expect([some?.upTo, none?.upTo]).to.deep.equal([at(17), at(17)]);
  });

  it('need no read if no message was missed', async () => {
    bench.deliver(3);
    expect(await bench.replayed(at(13))).to.deep.equal([]);
    expect(bench.broker.count('between')).to.equal(0);
  });

  it('share one read for any number of clients', async () => {
    bench.deliver(600);
    const since = (n: number): number => 200 + (n % 20);
    const clients = await Promise.all(Array.from({ length: 500 }, (_, n) => bench.replayed(at(since(n)))));
    for (const [n, frames] of clients.entries()) expect(frames).to.deep.equal(names(since(n) + 1, 610));
    expect(bench.broker.count('between')).to.equal(1);
  });

  it('share the read in progress if it reaches back far enough, otherwise the next one', async () => {
    bench.deliver(1_500);
    bench.broker.slow.add('between');
    const first = bench.replayed(at(1_300));
    await bench.asked('between', 1);
    const others = [1_400, 1_290, 1_200, 1_100, 1_150].map((seq) => bench.replayed(at(seq)));
    bench.broker.release('between');
    expect(await first).to.deep.equal(names(1_301, 1_510));
    const counts = (await Promise.all(others)).map((frames) => frames?.length);
    expect(counts).to.deep.equal([110, 220, 310, 410, 360]);
    expect(bench.broker.count('between')).to.equal(2);
  });

  it('read many pages without gap or overlap', async () => {
    await bench.open({ pageSize: 10 });
    bench.deliver(95);
    expect(await bench.replayed(at(60))).to.deep.equal(names(61, 105));
    expect(await bench.replayed(at(11))).to.deep.equal(names(12, 105));
    expect(bench.broker.count('between')).to.equal(10);
  });

  it('keep messages for a limited time', async () => {
    await bench.open({ replayKeepMs: 40 });
    bench.deliver(10);
    const replay = await bench.feeds.replay(ROOM, at(12));
    replay?.end();
    expect(bench.feeds.stats.replayBytes).to.be.above(0);
    bench.deliver(2);
    const again = await bench.feeds.replay(ROOM, at(13));
    expect(all(again)).to.deep.equal(names(14, 22));
    expect(bench.broker.count('between')).to.equal(1);
    const kept = new Promise((resolve) => setTimeout(resolve, 80));
    await kept;
    expect(bench.feeds.stats.replayBytes, 'in use').to.be.above(0);
    again?.end();
    await until('the end of it', () => bench.feeds.stats.replayBytes === 0);
    expect(await bench.replayed(at(13))).to.deep.equal(names(14, 22));
    expect(bench.broker.count('between')).to.equal(2);
  });

  it('reject while the broker cannot be reached, and work when it is back', async () => {
    bench.deliver(5);
    bench.broker.failing.add('between').add('position');
    expect(await failure(bench.feeds.replay(ROOM, at(12)))).to.be.instanceOf(UnavailableError);
    expect(await failure(bench.feeds.replay(ROOM, at(99)))).to.be.instanceOf(UnavailableError);
    bench.broker.failing.clear();
    expect(await bench.replayed(at(12))).to.deep.equal(names(13, 15));
  });

  describe('while the feed is behind', () => {
    it('end where the feed is, not where the room is', async () => {
      bench.deliver(5);
      const missing = bench.store(3);
      const replay = await bench.feeds.replay(ROOM, at(12));
      expect(all(replay)).to.deep.equal(names(13, 15));
      bench.broker.arrive(ROOM, ...missing);
      expect(all(replay)).to.deep.equal(names(16, 18));
    });

    it('continue with the repaired messages', async () => {
      bench.deliver(5);
      const missing = bench.store(3);
      const replay = await bench.feeds.replay(ROOM, at(12));
      bench.broker.slow.add('between');
      bench.broker.arrive(ROOM, missing[2] as StoredMessage);
      expect(bench.feeds.stats.behind).to.equal(1);
      expect(all(replay)).to.deep.equal(names(13, 15));
      expect(all(replay)).to.deep.equal([]);
      bench.broker.release('between');
      await bench.heard.until('the repair', () => bench.heard.messages.length === 8);
      expect(all(replay)).to.deep.equal(names(16, 18));
      await until('the end of the repair', () => bench.feeds.stats.behind === 0);
      expect(bench.feeds.stats).to.include({ gapsRepaired: 1, messagesLost: 0 });
    });

    it('wait until it has reached the position of the client', async () => {
      bench.deliver(2);
      bench.store(6);
      expect(await bench.replayed(at(16))).to.deep.equal(names(17, 18));
      expect(bench.heard.messages).to.have.length(8);
    });

    it('wait for a repair that has begun', async () => {
      const missing = bench.store(6);
      bench.broker.slow.add('between');
      bench.broker.arrive(ROOM, missing[5] as StoredMessage);
      const waiting = bench.replayed(at(14));
      await bench.asked('position', 2);
      bench.broker.release('between');
      expect(await waiting).to.deep.equal(names(15, 16));
    });

    it('reject if it does not catch up, or is closed', async () => {
      bench.store(6);
      bench.broker.failing.add('between');
      expect(await failure(bench.feeds.replay(ROOM, at(14)))).to.be.instanceOf(UnavailableError);
      bench.broker.failing.clear();
      bench.broker.slow.add('between');
      const waiting = bench.feeds.replay(ROOM, at(14));
      await bench.asked('between', 2);
      bench.feeds.release(ROOM);
      expect(await failure(waiting)).to.be.instanceOf(UnavailableError);
    });
  });

  describe('across epochs', () => {
    it('are exact when the history still has the message at the position', async () => {
      await bench.open({ pageSize: 10 });
      bench.deliver(5);
      bench.broker.arrive(ROOM, bench.broker.store(ROOM, EPOCH + 5));
      await bench.heard.until('all', () => bench.heard.messages.length === 6);
      bench.deliver(2);
      expect(await bench.replayed(at(15))).to.deep.equal(names(16, 18, EPOCH + 5));
      expect(await bench.replayed(at(13))).to.deep.equal([...names(14, 15), ...names(16, 18, EPOCH + 5)]);
      expect(await bench.replayed(at(15, EPOCH + 5))).to.deep.equal(names(16, 18, EPOCH + 5));
    });

    it('continue across a change of the epoch', async () => {
      bench.deliver(5);
      const replay = await bench.feeds.replay(ROOM, at(13));
      bench.broker.arrive(ROOM, bench.broker.store(ROOM, EPOCH + 5));
      await bench.heard.until('all', () => bench.heard.messages.length === 6);
      expect(all(replay)).to.deep.equal([...names(14, 15), `${EPOCH + 5}-16`]);
    });

    it('continue when the new epoch has begun without a message', async () => {
      bench.deliver(5);
      const replay = await bench.feeds.replay(ROOM, at(13));
      bench.broker.positions.set(ROOM, at(15, EPOCH + 5));
      bench.broker.listener?.onResumed();
      await until('the epoch', () => bench.feeds.position(ROOM)?.epoch === EPOCH + 5);
      expect(await bench.replayed(at(14))).to.deep.equal(names(15, 15));
      // Not the position of the room, which no message has.
      for (const since of [at(14), at(15)]) {
        expect((await bench.feeds.replay(ROOM, since))?.upTo).to.deep.equal(at(15));
      }
      bench.deliver(1);
      expect(all(replay)).to.deep.equal([...names(14, 15), `${EPOCH + 5}-16`]);
      await bench.feeds.close();
      await bench.open();
      expect(await bench.replayed(at(14))).to.deep.equal([...names(15, 15), `${EPOCH + 5}-16`]);
    });
  });

  it('of all rooms share the memory limit of a node', async () => {
    await bench.open({ replayBytes: 20_000 });
    const rooms = [21, 22, 23, 24];
    const replays = new Map<number, Replay | undefined>();
    for (const roomId of rooms) {
      bench.broker.room(roomId, at(0));
      await bench.feeds.acquire(roomId);
      replays.set(roomId, await bench.feeds.replay(roomId, at(0)));
    }
    for (let n = 0; n < 100; n++) {
      for (const roomId of rooms) {
        bench.broker.arrive(roomId, bench.broker.store(roomId));
        // One of the clients reads on.
        if (roomId === 21) expect(texts(replays.get(21)?.next(1))).to.deep.equal(names(n + 1, n + 1));
        expect(bench.feeds.stats.replayBytes).to.be.at.most(20_000);
      }
    }
    expect(bench.feeds.stats.replayBytes).to.be.above(15_000);
    for (const roomId of rooms.slice(1)) expect(replays.get(roomId)?.next(1)).to.equal(undefined);
    for (const replay of replays.values()) replay?.end();
    for (const roomId of rooms) bench.feeds.release(roomId);
    await until('the end of the rooms', () => bench.feeds.size === 1);
    expect(bench.feeds.stats.replayBytes).to.equal(0);
  });
});
