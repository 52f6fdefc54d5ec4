import { redisNoticeTarget } from '@chorus/broker';
import { startRedis } from '@chorus/local';
import { JOURNAL_START, RedisPresenceJournal, RedisPresenceStore } from '@chorus/presence';
import { createRedis, Keyspace, redisReady } from '@chorus/redis';
import { Closer, createLogger } from '@chorus/service';
import { benchCommand } from './bench-command.js';
import { median } from './median.js';

/*
 * `pnpm bench:presence`: what recording events of presence costs Redis for a join and a leave, in rounds that alternate, and the bytes of a
 * change that waits.
 */

const ROUNDS = 15;
const ROOMS = 200;
const USERS_PER_ROOM = 50;
/** Joins and leaves in progress, as a gateway has them. */
const IN_FLIGHT = 256;
const LEASE_MS = 600_000;

async function run(closer: Closer): Promise<Record<string, string | number>> {
  const log = createLogger({ service: 'bench', level: 'warn' });
  const server = closer.add(await startRedis());
  const redis = createRedis({ urls: [server.url], cluster: false, commandTimeoutMs: 10_000 }, log, 'bench');
  closer.defer(() => redis.disconnect());
  await redisReady(redis, 5_000);
  const keyspace = new Keyspace('chorus');
  const store = new RedisPresenceStore(redis, { keyspace, noticeTarget: redisNoticeTarget(keyspace, false) });
  const journal = new RedisPresenceJournal(redis, keyspace);
  await store.renew('gateway', LEASE_MS);

  const processorMs = async (): Promise<number> => {
    const info = await redis.info('cpu');
    const seconds = ['user', 'sys'].map(
      (kind) => new RegExp(`used_cpu_${kind}_main_thread:([\\d.]+)`).exec(info)?.[1],
    );
    return seconds.reduce((sum, each) => sum + Number(each), 0) * 1_000;
  };
  /** Processor time of Redis for a join and a leave, in microseconds. */
  const round = async (): Promise<number> => {
    const pairs = Array.from({ length: ROOMS * USERS_PER_ROOM }, (_, n) => n);
    const before = await processorMs();
    for (const change of ['join', 'leave'] as const) {
      for (let at = 0; at < pairs.length; at += IN_FLIGHT) {
        const some = pairs.slice(at, at + IN_FLIGHT);
        await Promise.all(
          some.map((n) => store[change]('gateway', 1 + (n % ROOMS), { id: 1 + n, username: `user-${n}` })),
        );
      }
    }
    return (((await processorMs()) - before) * 1_000) / pairs.length;
  };
  const [off, on]: [number[], number[]] = [[], []];
  let bytes = 0;
  await round();
  for (let n = 0; n < ROUNDS; n++) {
    off.push(await round());
    for (const partition of journal.partitions) await journal.begin(partition, JOURNAL_START);
    on.push(await round());
    const sizes = await Promise.all(
      journal.partitions.map((partition) =>
        redis.call('MEMORY', 'USAGE', `${keyspace.partition(partition)}:presence:journal`),
      ),
    );
    bytes = sizes.reduce((sum: number, size) => sum + Number(size), 0) / (2 * ROOMS * USERS_PER_ROOM);
    for (const partition of journal.partitions) await journal.end(partition);
  }
  const ratios = off.map((each, n) => (on[n] ?? 0) / each);
  return {
    'not recorded, µs': median(off).toFixed(1),
    'recorded, µs': median(on).toFixed(1),
    'median of ratios': median(ratios).toFixed(2),
    'bytes of a change': Math.round(bytes),
  };
}

benchCommand(
  'bench:presence',
  'Measures the processor time of Redis for a user who joins and leaves a room, with and without recording events of presence.',
).parse();

const closer = new Closer();
try {
  console.table([await run(closer)]);
} finally {
  await closer.close();
}
