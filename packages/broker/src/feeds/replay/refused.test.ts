import { expect } from 'chai';
import { all, at, EPOCH, names, ReplayBench, ROOM } from '../../testing/replay-bench.js';

describe('replays are refused', () => {
  const bench = new ReplayBench();

  beforeEach(() => bench.begin());
  afterEach(() => bench.end());

  it('when the history does not reach back that far', async () => {
    bench.deliver(20);
    bench.broker.rooms.get(ROOM)?.splice(0, 10);
    expect(await bench.replayed(at(19))).to.equal(undefined);
    expect(await bench.replayed(at(20))).to.deep.equal(names(21, 30));
    expect(await bench.replayed(at(21))).to.deep.equal(names(22, 30));
    expect(bench.feeds.stats).to.include({ replays: 2, replaysRefused: 1 });
  });

  it('without a read when an earlier read showed that the history does not reach back that far', async () => {
    bench.deliver(20);
    bench.broker.rooms.get(ROOM)?.splice(0, 10);
    await bench.replayed(at(12));
    const { replayReads } = bench.feeds.stats;
    expect(await bench.replayed(at(15))).to.equal(undefined);
    expect(bench.feeds.stats.replayReads).to.equal(replayReads);
  });

  it('for positions ahead of the room, of other epochs, and of no message', async () => {
    bench.deliver(5);
    const later = bench.broker.store(ROOM, EPOCH + 5);
    bench.broker.arrive(ROOM, later);
    await bench.heard.until('all', () => bench.heard.messages.length === 6);
    for (const position of [
      at(17, EPOCH + 5),
      at(3, EPOCH + 6),
      at(12, EPOCH + 1),
      at(16),
      at(14, EPOCH - 1),
    ]) {
      expect(await bench.replayed(position), JSON.stringify(position)).to.equal(undefined);
    }
    expect(await bench.replayed(at(12))).to.deep.equal([...names(13, 15), `${EPOCH + 5}-16`]);
  });

  it('when too many messages were missed', async () => {
    await bench.open({ recoveryMaxMessages: 20 });
    bench.deliver(50);
    expect(await bench.replayed(at(39))).to.equal(undefined);
    expect(bench.broker.count('between')).to.equal(0);
    expect(await bench.replayed(at(40))).to.deep.equal(names(41, 60));
  });

  it('when the missed messages take more memory than a room may use', async () => {
    await bench.open({ replayRoomBytes: 5_000, pageSize: 10 });
    bench.deliver(100);
    const results = await Promise.all([50, 70, 100].map((seq) => bench.replayed(at(seq))));
    expect(results.map((frames) => frames?.length)).to.deep.equal([undefined, undefined, 10]);
    const { replayReads } = bench.feeds.stats;
    expect(await bench.replayed(at(40))).to.equal(undefined);
    expect(bench.feeds.stats.replayReads, 'no further read').to.equal(replayReads);
    expect(bench.feeds.stats.replayBytes).to.be.within(4_000, 5_000);
  });

  it('when the room has been deleted', async () => {
    bench.deliver(5);
    bench.broker.slow.add('between');
    const before = await bench.feeds.replay(ROOM, at(15));
    const during = bench.replayed(at(12));
    await bench.asked('between', 1);
    bench.broker.listener?.onControl({ type: 'room-deleted', roomId: ROOM });
    bench.broker.release('between');
    expect(await during).to.equal(undefined);
    expect(await bench.replayed(at(15))).to.equal(undefined);
    expect(all(before)).to.equal(undefined);
  });

  it('when the room was deleted and its event was lost', async () => {
    bench.broker.positions.delete(ROOM);
    expect(await bench.replayed(at(11))).to.equal(undefined);
  });

  it('in a new room with the id of a deleted one', async () => {
    bench.deliver(5);
    const before = await bench.feeds.replay(ROOM, at(12));
    bench.broker.listener?.onControl({ type: 'room-deleted', roomId: ROOM });
    bench.broker.room(ROOM, at(0, EPOCH + 9));
    await bench.feeds.acquire(ROOM);
    bench.broker.arrive(ROOM, bench.broker.store(ROOM));
    await bench.heard.until('the message', () => bench.heard.messages.length === 6);
    expect(all(before)).to.equal(undefined);
    expect(await bench.replayed(at(14))).to.equal(undefined);
    expect(await bench.replayed(at(15))).to.equal(undefined);
    expect(await bench.replayed(at(0, EPOCH + 9))).to.deep.equal([`${EPOCH + 9}-1`]);
  });

  it('when the room is not in use', async () => {
    expect(await bench.feeds.replay(99, at(1))).to.equal(undefined);
  });
});
