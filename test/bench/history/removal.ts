import { performance } from 'node:perf_hooks';
import { makeRemoval } from '@chorus/archiver';
import type { Database } from '@chorus/database';
import { Metrics } from '@chorus/service';
import { silentLog } from '@chorus/testing';
import { median } from '../median.js';
import { EPOCH, LARGE_ROOM } from './fill.js';

type Row = Record<string, string | number>;

/** Rows of one step, as archivers remove them. */
const STEP = 1_000;
const STEPS = 100;
const INSERTS = 100;
const TURNS = 10;

/** Messages of one epoch are inserted once. */
let epochs = 0;

/** Ways to find the oldest messages: the statement that removes some of one step, and the index that it needs. */
const WAYS = [
  {
    name: 'primary key, room by room',
    index: undefined,
    oldest: `SELECT ctid FROM messages WHERE room_id = ${LARGE_ROOM} AND (epoch, seq) >= (${EPOCH}, $1) ORDER BY epoch, seq LIMIT ${STEP}`,
  },
  {
    name: 'B-tree over sent_at',
    index: 'CREATE INDEX bench_sent_at ON messages (sent_at)',
    oldest: `SELECT ctid FROM messages WHERE sent_at < now() - interval '180 days' AND $1::bigint IS NOT NULL ORDER BY sent_at LIMIT ${STEP}`,
  },
  {
    name: 'BRIN over sent_at',
    index: 'CREATE INDEX bench_sent_at ON messages USING brin (sent_at)',
    oldest: `SELECT ctid FROM messages WHERE sent_at < now() - interval '180 days' AND $1::bigint IS NOT NULL LIMIT ${STEP}`,
  },
];

/** Compares ways to remove the oldest messages, and measures the removal and the deletion of a room as they are. */
export async function measureRemoval(db: Database): Promise<{ ways: Row[]; work: Row[] }> {
  const ways: Row[] = [];
  for (const { name, index, oldest } of WAYS) {
    const before = await insertTimes(db);
    const built = performance.now();
    if (index !== undefined) await db.$executeRawUnsafe(index);
    const buildMs = performance.now() - built;
    const [size] = index === undefined ? [] : await sizeOfIndex(db);
    const inserted = await insertTimes(db);
    const times: number[] = [];
    for (let step = 0; step < STEPS; step++) {
      const began = performance.now();
      const from = BigInt(1 + step * STEP);
      await db.$executeRawUnsafe(`DELETE FROM messages WHERE ctid = ANY(ARRAY(${oldest}))`, from);
      times.push(performance.now() - began);
    }
    if (index !== undefined) await db.$executeRawUnsafe('DROP INDEX bench_sent_at');
    const without = mean([median(before), median(await insertTimes(db))]);
    ways.push({
      way: name,
      'build s': (buildMs / 1_000).toFixed(1),
      'index MB': Math.round(Number(size?.bytes ?? 0n) / 1_000_000),
      'step ms, first ten': mean(times.slice(0, 10)).toFixed(1),
      'step ms, last ten': mean(times.slice(-10)).toFixed(1),
      'storing, ratio': (median(inserted) / without).toFixed(2),
    });
  }
  const work = [await foreignKeyRatio(db), ...(await measureRetention(db)), ...(await measureDeletion(db))];
  return { ways, work };
}

/** Milliseconds of each of some inserts of 1,000 messages of 100 rooms. */
async function insertTimes(db: Database, batches = INSERTS): Promise<number[]> {
  const times: number[] = [];
  for (let batch = 0; batch < batches; batch++) {
    epochs++;
    const began = performance.now();
    await db.$executeRaw`INSERT INTO messages (room_id, epoch, seq, message_id, user_id, username, content, sent_at)
      SELECT 2 + i % 100, ${BigInt(EPOCH + epochs)}, i, 'gateway-1-' || i, 7, 'ann', 'Message ' || i || ' of the benchmark.', now()
      FROM generate_series(1, 1000) i ON CONFLICT DO NOTHING`;
    times.push(performance.now() - began);
  }
  return times;
}

/** What the foreign key to `rooms` costs, by turns with and without it. */
async function foreignKeyRatio(db: Database): Promise<Row> {
  const [without, withKey]: [number[], number[]] = [[], []];
  for (let turn = 0; turn < TURNS; turn++) {
    without.push(...(await insertTimes(db, INSERTS / TURNS)));
    await db.$executeRaw`ALTER TABLE messages ADD CONSTRAINT bench_fk FOREIGN KEY (room_id) REFERENCES rooms (id) NOT VALID`;
    withKey.push(...(await insertTimes(db, INSERTS / TURNS)));
    await db.$executeRaw`ALTER TABLE messages DROP CONSTRAINT bench_fk`;
  }
  const ratio = (median(withKey) / median(without)).toFixed(2);
  return { what: 'storing with a foreign key to rooms, ratio', value: ratio };
}

/** Removes 200,000 messages of the large room as an archiver does, while another one stores in the same room. */
async function measureRetention(db: Database): Promise<Row[]> {
  const count = 200_000;
  await db.$executeRaw`UPDATE room_heads SET oldest_at = '-infinity' WHERE room_id = ${LARGE_ROOM}`;
  const [boundary] = await db.$queryRaw<Array<{ days: number }>>`
    SELECT ceil(extract(epoch FROM now() - sent_at) / 86400)::int - 1 AS days FROM messages
    WHERE room_id = ${LARGE_ROOM} ORDER BY epoch, seq OFFSET ${count} LIMIT 1`;
  await db.$executeRaw`UPDATE rooms SET retention_days = ${boundary?.days ?? 1} WHERE id = ${LARGE_ROOM}`;
  const removal = removalOf(db);
  const began = performance.now();
  let done = false;
  const run = removal.run().finally(() => {
    done = true;
  });
  const times: number[] = [];
  while (!done) {
    const started = performance.now();
    // What storing in the room waits for.
    await db.$executeRaw`UPDATE room_heads SET sent_at = now() WHERE room_id = ${LARGE_ROOM}`;
    times.push(performance.now() - started);
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
  await run;
  const seconds = (performance.now() - began) / 1_000;
  return [
    { what: 'removal by one archiver, rows/s', value: Math.round(removal.counts.expired / seconds) },
    { what: 'lock of the head meanwhile, median ms', value: median(times).toFixed(1) },
    { what: 'lock of the head meanwhile, highest ms', value: Math.max(...times).toFixed(1) },
  ];
}

async function measureDeletion(db: Database): Promise<Row[]> {
  const [left] = await db.$queryRaw<Array<{ count: bigint }>>`
    SELECT count(*) FROM messages WHERE room_id = ${LARGE_ROOM}`;
  const cascade = performance.now();
  await db
    .$transaction(
      async (tx) => {
        await tx.$executeRaw`DELETE FROM messages WHERE room_id = ${LARGE_ROOM}`;
        throw new Error('rolled back');
      },
      { timeout: 600_000 },
    )
    .catch(() => undefined);
  const cascadeMs = performance.now() - cascade;
  const began = performance.now();
  await db.$executeRaw`DELETE FROM rooms WHERE id = ${LARGE_ROOM}`;
  const deleteMs = performance.now() - began;
  const removal = removalOf(db);
  const removed = performance.now();
  await removal.run();
  const seconds = (performance.now() - removed) / 1_000;
  return [
    { what: 'messages of the large room', value: Number(left?.count) },
    { what: 'all of them in one statement, ms', value: Math.round(cascadeMs) },
    { what: 'DELETE FROM rooms, ms', value: Math.round(deleteMs) },
    { what: 'removal of the rest by one archiver, s', value: seconds.toFixed(1) },
  ];
}

function removalOf(db: Database) {
  const queue = { settle: async () => undefined } as never;
  const limits = {
    intervalMs: 500,
    batchMessages: 2_000,
    leaseMs: 10_000,
    historySize: 1_000,
    historyMaxAgeMs: 0,
  };
  const parts = { db, queue, metrics: new Metrics(), log: silentLog };
  return makeRemoval({ ...limits, retentionDays: undefined }, parts);
}

function sizeOfIndex(db: Database): Promise<Array<{ bytes: bigint }>> {
  return db.$queryRaw`SELECT pg_relation_size('bench_sent_at') AS bytes`;
}

function mean(times: readonly number[]): number {
  return times.reduce((sum, time) => sum + time, 0) / times.length;
}
