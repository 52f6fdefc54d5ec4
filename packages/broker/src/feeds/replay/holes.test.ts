import { until } from '@chorus/testing';
import { expect } from 'chai';
import type { StoredMessage } from '../../broker.js';
import { all, at, EPOCH, names, ReplayBench, ROOM, texts } from '../../testing/replay-bench.js';

describe('replays never skip a message', () => {
  const bench = new ReplayBench();

  beforeEach(() => bench.begin());
  afterEach(() => bench.end());

  it('when the history is trimmed between two pages', async () => {
    await bench.open({ pageSize: 5 });
    bench.deliver(30);
    bench.broker.slow.add('between');
    const replay = bench.replayed(at(15));
    await bench.asked('between', 1);
    bench.broker.releaseOne(() => 0);
    await bench.asked('between', 2);
    // The second page was requested; the third will not follow it any more.
    bench.broker.rooms.get(ROOM)?.splice(0, 22);
    bench.broker.releaseOne(() => 0);
    await bench.asked('between', 3);
    bench.broker.release('between');
    expect(await replay).to.equal(undefined);
    expect(await bench.replayed(at(32))).to.deep.equal(names(33, 40));
  });

  it('when the feed lost messages while the history was read', async () => {
    bench.deliver(10);
    bench.broker.slow.add('between');
    const replay = bench.replayed(at(15));
    await bench.asked('between', 1);
    const missing = bench.store(5);
    bench.broker.rooms.get(ROOM)?.splice(0, 13);
    bench.broker.arrive(ROOM, missing[4] as StoredMessage);
    await bench.asked('between', 2);
    bench.broker.releaseOne(() => 1);
    await bench.heard.until('what is left', () => bench.heard.messages.length === 12);
    expect(bench.feeds.stats.messagesLost).to.equal(3);
    bench.broker.release('between');
    expect(await replay).to.equal(undefined);
    expect(await bench.replayed(at(20))).to.equal(undefined);
    expect(await bench.replayed(at(23))).to.deep.equal(names(24, 25));
  });

  it('when the window dropped its oldest messages while the history was read', async () => {
    await bench.open({ replayRoomBytes: 2_000 });
    bench.deliver(20);
    bench.broker.slow.add('between');
    const replay = bench.replayed(at(25));
    await bench.asked('between', 1);
    bench.deliver(30);
    bench.broker.release('between');
    expect(await replay).to.equal(undefined);
    expect(await bench.replayed(at(55))).to.deep.equal(names(56, 60));
  });

  it('when the window shrank in favour of others while the history was read', async () => {
    await bench.open({ replayBytes: 10_000, pageSize: 10 });
    bench.deliver(20);
    bench.broker.slow.add('between');
    const replay = bench.replayed(at(27));
    await bench.asked('between', 1);
    // Until the window has just shrunk, and has room for the page.
    for (let bytes = 0; bench.feeds.stats.replayBytes >= bytes; bench.deliver(1))
      bytes = bench.feeds.stats.replayBytes;
    const last = bench.feeds.position(ROOM)?.seq ?? 0;
    bench.broker.release('between');
    expect(await replay).to.equal(undefined);
    expect(await bench.replayed(at(28))).to.equal(undefined);
    expect(await bench.replayed(at(last - 2))).to.deep.equal(names(last - 1, last));
  });

  it('when the history has lost a message that arrived', async () => {
    bench.deliver(5);
    const replay = await bench.feeds.replay(ROOM, at(12));
    const lost = bench.store(3);
    bench.broker.rooms.get(ROOM)?.splice(5);
    bench.broker.positions.set(ROOM, at(15));
    bench.broker.arrive(ROOM, lost[2] as StoredMessage);
    await until('the end of the search', () => bench.feeds.stats.behind === 0);
    expect(all(replay)).to.equal(undefined);
    expect(bench.feeds.stats.messagesLost).to.equal(3);
  });

  it('when a client is so slow that its next message is gone', async () => {
    await bench.open({ replayRoomBytes: 5_000 });
    bench.deliver(20);
    const slow = await bench.feeds.replay(ROOM, at(15));
    const quick = await bench.feeds.replay(ROOM, at(15));
    expect(texts(slow?.next(20))).to.deep.equal(names(16, 17));
    expect(all(quick)).to.deep.equal(names(16, 30));
    for (let n = 0; n < 50; n++) {
      bench.deliver(1);
      expect(all(quick)).to.deep.equal(names(31 + n, 31 + n));
    }
    expect(all(slow)).to.equal(undefined);
  });

  it('when the feed lost messages while the client reads', async () => {
    bench.deliver(5);
    const replay = await bench.feeds.replay(ROOM, at(12));
    const done = await bench.feeds.replay(ROOM, at(15));
    expect(all(done)).to.deep.equal([]);
    const missing = bench.store(4);
    bench.broker.rooms.get(ROOM)?.splice(0, 7);
    bench.broker.arrive(ROOM, missing[3] as StoredMessage);
    await bench.heard.until('what is left', () => bench.heard.messages.length === 7);
    expect(all(replay)).to.equal(undefined);
    expect(all(done)).to.equal(undefined);
  });

  it('when the room has an epoch before which messages may be missing', async () => {
    bench.deliver(5);
    const replay = await bench.feeds.replay(ROOM, at(12));
    // Redis returned with older data, two more messages were published, and none of them is left.
    bench.broker.positions.set(ROOM, at(13));
    bench.broker.store(ROOM, EPOCH + 5);
    bench.broker.store(ROOM);
    bench.broker.rooms.set(ROOM, []);
    bench.broker.listener?.onResumed();
    await until('the new epoch', () => bench.feeds.position(ROOM)?.epoch === EPOCH + 5);
    expect(bench.feeds.position(ROOM)).to.deep.equal(at(15, EPOCH + 5));
    expect(all(replay)).to.equal(undefined);
    expect(await bench.replayed(at(15))).to.equal(undefined);
  });

  it('when Redis returned with less than was delivered on this node', async () => {
    bench.deliver(5);
    bench.broker.rooms.get(ROOM)?.splice(3);
    bench.broker.positions.set(ROOM, at(13));
    expect(await bench.replayed(at(12))).to.equal(undefined);
    expect(await bench.replayed(at(15))).to.deep.equal([]);
  });
});
