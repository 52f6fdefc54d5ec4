import { copyFile, readdir, readFile, stat, truncate } from 'node:fs/promises';
import { join } from 'node:path';
import { formatPosition } from '@chorus/protocol';
import { type RedisClient, UnavailableError } from '@chorus/redis';
import { connectRedis, redisAt } from '@chorus/redis/testing';
import { closeAfterEach, DurableRedis, failure, until } from '@chorus/testing';
import { expect } from 'chai';
import type { ArchiveQueue } from '../archive-queue.js';
import type { Broker, Position } from '../broker.js';
import { Recorder, someRoom } from '../testing/recorder.js';
import { makeRedisFixture, type RedisFixture, testOptions } from '../testing/redis-fixture.js';
import { TestRoomArchive } from '../testing/room-archive.js';
import { RedisArchiveQueue } from './archive-queue.js';

const KEEP = { size: 100, maxAgeMs: 0 };
const LEASE_MS = 60_000;
const BODY = '"content":"x"}';
const COST = BODY.length + 128;
const FAR_AWAY = { epoch: Number.MAX_SAFE_INTEGER, seq: 0 };
const NOWHERE = { epoch: 0, seq: 0 };

describe('the archive queue in a Redis', function () {
  this.timeout(30_000);
  const closer = closeAfterEach();
  let server: DurableRedis;
  let redis: RedisClient;
  let fixture: RedisFixture;
  let queue: ArchiveQueue;
  let broker: Broker;
  let roomId: number;

  const publish = (key?: string): Promise<Position> => broker.publish(roomId, BODY, key);
  const answers = (): Promise<boolean> =>
    queue.backlog().then(
      () => true,
      () => false,
    );

  beforeEach(async () => {
    server = closer().add(await DurableRedis.start());
    fixture = closer().add(await makeRedisFixture(testOptions(redisAt(server.url))));
    redis = fixture.redis;
    queue = fixture.queue();
    broker = await fixture.connect(new Recorder());
    roomId = someRoom();
    await fixture.directory().ensure(roomId, 0);
  });

  it('without free memory still works, because archiving frees memory', async () => {
    const last = await publish();
    await redis.config('SET', 'maxmemory', '1');
    expect(await failure(publish())).to.be.instanceOf(UnavailableError);
    const claimed = await queue.claim(10, 10, LEASE_MS);
    expect(claimed).to.have.length(1);
    await queue.settle(roomId, last, { size: 0, maxAgeMs: 0 });
    await redis.config('SET', 'maxmemory', '0');
    expect(await broker.stored(roomId)).to.deep.equal(last);
    expect(await broker.between(roomId, NOWHERE, FAR_AWAY, 10)).to.deep.equal([]);
  });

  it('stops counting messages that another program has deleted', async () => {
    await publish();
    await redis.del(fixture.keys.stream(roomId));
    for (const { roomId: claimed, after } of await queue.claim(10, 10, LEASE_MS)) {
      await queue.settle(claimed, after, KEEP);
    }
    expect(await queue.claim(10, 10, LEASE_MS)).to.deep.equal([]);
    expect(await queue.backlog()).to.deep.equal({ bytes: 0, rooms: 0 });
  });

  for (const [which, gone] of [
    ['the first', 0],
    ['the last', 2],
  ] as const) {
    it(`counts the present messages when ${which} of the messages read is gone`, async () => {
      const places = [await publish('a'), await publish('b'), await publish('c')];
      await publish('d');
      const [read] = await queue.claim(10, 3, LEASE_MS);
      const { keys } = fixture;
      await redis.xdel(keys.stream(roomId), formatPosition(places[gone] ?? NOWHERE));
      await redis.hincrby(keys.state(undefined), 'unstored', -COST);
      await queue.settle(roomId, places[2] ?? NOWHERE, KEEP, read);
      expect((await queue.backlog()).bytes).to.equal(COST);
    });
  }

  it('that cannot be reached rejects every call', async () => {
    await server.crash();
    const calls = [queue.claim(1, 1, 1), queue.settle(roomId, NOWHERE, KEEP), queue.backlog()];
    const history = fixture.history();
    const reads = [
      history.before(roomId, undefined, 1),
      history.from(roomId, NOWHERE, 1),
      broker.stored(roomId),
    ];
    for (const error of await Promise.all([...calls, ...reads].map(failure))) {
      expect(error).to.be.instanceOf(UnavailableError);
    }
  });

  it('that returns with older data settles and recognises no message that it has lost', async () => {
    const kept: Position[] = [];
    for (const key of ['a', 'b', 'c']) kept.push(await publish(key));
    await queue.settle(roomId, kept[1] ?? NOWHERE, KEEP);
    const older = await server.copy();

    await queue.claim(10, 10, LEASE_MS);
    const lost = [await publish('d'), await publish('e')];
    await queue.settle(roomId, lost[0] ?? NOWHERE, KEEP);
    await server.restart(older);
    await until('an answer', answers);
    await until('the broker', () => broker.connected);

    const archive = new TestRoomArchive();
    archive.add(roomId);
    await archive.bringIn(fixture.directory());
    expect(await broker.stored(roomId)).to.deep.equal(kept[1]);
    expect((await queue.backlog()).bytes).to.equal(COST);
    expect(await publish('c')).to.deep.equal({ ...kept[2], repeated: true });
    const again = await publish('e');
    expect(again.seq).to.equal(4);
    expect(again.epoch).to.be.above(lost[1]?.epoch ?? 0);
    // The archiver that had claimed the lost messages reports them as stored.
    await queue.settle(roomId, lost[1] ?? NOWHERE, { size: 0, maxAgeMs: 0 });
    expect(await broker.stored(roomId)).to.deep.equal(kept[2]);
    expect(await queue.backlog()).to.deep.equal({ bytes: COST, rooms: 1 });
    const [backlog] = await queue.claim(10, 10, LEASE_MS);
    expect(backlog).to.deep.equal({ roomId, after: kept[2], messages: [{ ...again, body: BODY }] });
  });

  it('has a message, its key, its mark and its bytes together, or none of them, wherever the log was cut', async () => {
    await publish('a');
    const log = join(
      'appendonlydir',
      (await readdir(join(server.dir, 'appendonlydir'))).find((name) => name.endsWith('.incr.aof')) ?? '',
    );
    const before = (await stat(join(server.dir, log))).size;
    await queue.settle(roomId, await publish('b'), KEEP);
    await publish('c');
    await server.crash();
    const whole = await readFile(join(server.dir, log));
    const {
      keys,
      options: { keyspace },
    } = fixture;
    const seen = new Set<number>();
    const cuts = 12;
    for (let cut = 0; cut <= cuts; cut++) {
      const copy = await server.copy();
      await copyFile(join(server.dir, log), join(copy, log));
      await truncate(join(copy, log), before + Math.floor(((whole.length - before) * cut) / cuts));
      const cutServer = closer().add(await DurableRedis.start({ dir: copy }));
      const reader = await connectRedis(redisAt(cutServer.url));
      closer().defer(() => reader.disconnect());
      const cutQueue = new RedisArchiveQueue(reader, keyspace);
      await until('an answer', () =>
        cutQueue.backlog().then(
          () => true,
          () => false,
        ),
      );

      const ids = (await reader.xrange(keys.stream(roomId), '-', '+')).map(([id]) => id);
      const hashes = await Promise.all(keys.sent(roomId).map((hash) => reader.hgetall(hash)));
      const sent = hashes.flatMap((hash) => Object.entries(hash)).filter(([key]) => key !== '');
      expect(sent.map(([, id]) => id).sort(), `cut ${cut}`).to.deep.equal(ids);
      const stored = await reader.hget(keys.stored(undefined), String(roomId));
      const waiting = ids.length - (stored === null ? 0 : ids.indexOf(stored) + 1);
      expect(await cutQueue.backlog(), `cut ${cut}`).to.deep.equal({
        bytes: waiting * COST,
        rooms: waiting > 0 ? 1 : 0,
      });
      seen.add(ids.length);
      await cutServer.close();
    }
    expect([...seen].sort()).to.deep.equal([1, 2, 3]);
  });
});
