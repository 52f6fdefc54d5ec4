import { loadavg } from 'node:os';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Database } from '@chorus/database';
import { cpuMicros } from '@chorus/loadtest';
import { Closer } from '@chorus/service';
import { root } from '../../support/root.js';
import { benchCommand } from '../bench-command.js';
import { cpuOfAll } from '../cpu-of-all.js';
import { TEXT } from '../gateway/load.js';
import { median } from '../median.js';
import { type Servers, startServers } from './servers.js';

/*
 * `pnpm bench:webhooks`: messages are stored at a steady rate, as an archiver stores them, and one dispatcher sends an event of each to an endpoint
 * that answers at once: alone, and beside another endpoint that is down. Then that one is back and catches up. The rounds of the cases take
 * turns: compare their ratios, because the figures vary with the machine. PostgreSQL does not wait for the disk, as in tests.
 */

const options = benchCommand(
  'bench:webhooks',
  'Measures the deliveries of one dispatcher to an endpoint that answers at once, alone and beside one that is down.',
)
  .option('--rate <number>', 'events per second', Number, 2_000)
  .option('--seconds <number>', 'length of a round', Number, 10)
  .option('--rounds <number>', 'rounds of each case', Number, 3)
  .option('--rooms <number>', 'number of rooms', Number, 200)
  .option(
    '--interval <number>',
    'pause between two statements that store messages, in milliseconds',
    Number,
    500,
  )
  .option('--checkout <folder>', 'another built checkout, whose dispatcher is measured', root)
  .parse()
  .opts<{
    rate: number;
    seconds: number;
    rounds: number;
    rooms: number;
    interval: number;
    checkout: string;
  }>();

const GOOD = '/good';
const DOWN = '/down';
const WARM_UP_MS = 2_000;
const CAUGHT_UP_MS = 120_000;

type Case = 'alone' | 'beside one that fails' | 'beside one that hangs';
const CASES: readonly Case[] = ['alone', 'beside one that fails', 'beside one that hangs'];

interface Round {
  readonly perSecond: number;
  readonly p50: number;
  readonly p99: number;
  /** Processor time per event in microseconds. */
  readonly dispatcher: number;
  readonly postgres: number;
}

/** Stores messages at a steady rate, and records their events as the statement of archivers does. */
class Writer {
  #seq = 0;
  #timer: NodeJS.Timeout | undefined;
  #running: Promise<unknown> = Promise.resolve();

  constructor(private readonly db: Database) {}

  start(): void {
    const from = performance.now();
    const first = this.#seq;
    const store = (): void => {
      const due = Math.floor(((performance.now() - from) / 1_000) * options.rate) + first;
      const [after, upTo] = [this.#seq, due];
      this.#seq = upTo;
      this.#running = this.#running.then(() => this.#store(after, upTo));
    };
    this.#timer = setInterval(store, options.interval);
  }

  async stop(): Promise<void> {
    clearInterval(this.#timer);
    await this.#running;
  }

  async #store(after: number, upTo: number): Promise<void> {
    await this.db.$executeRaw`
      WITH stored AS (
        INSERT INTO messages (room_id, epoch, seq, message_id, user_id, username, content, sent_at)
        SELECT n % ${options.rooms}::int + 1, 1, n, 'gateway-1-mws3pfhy-' || n, 7, 'ann', ${TEXT}, now()
        FROM generate_series(${after}::int + 1, ${upTo}::int) n RETURNING room_id, epoch, seq, user_id
      )
      INSERT INTO event_outbox (type, room_id, epoch, seq, user_id)
      SELECT 'message.created', room_id, epoch, seq, user_id FROM stored ORDER BY room_id, epoch, seq`;
  }
}

async function setEnabled(db: Database, name: string, enabled: boolean): Promise<void> {
  await db.$executeRaw`UPDATE webhooks SET enabled = ${enabled}, attempts = 0, next_attempt_at = NULL, failing_since = NULL,
    leased_by = NULL, leased_until = NULL WHERE url LIKE ${`%${name}`}`;
}

async function runRound(kind: Case, servers: Servers): Promise<Round> {
  const { db, receivers, dispatcherPid, postgresPid } = servers;
  receivers.give({
    failing: kind === 'beside one that fails' ? [DOWN] : [],
    hanging: kind === 'beside one that hangs' ? [DOWN] : [],
  });
  // What it missed in earlier rounds does not count.
  await db.$executeRaw`DELETE FROM webhook_lanes WHERE webhook_id = (SELECT id FROM webhooks WHERE url LIKE ${`%${DOWN}`})`;
  await db.$executeRaw`UPDATE webhooks SET position = (SELECT position FROM event_log) WHERE url LIKE ${`%${DOWN}`}`;
  await setEnabled(db, DOWN, kind !== 'alone');
  const writer = new Writer(db);
  await db.$executeRaw`TRUNCATE messages`;
  writer.start();
  await sleep(WARM_UP_MS);
  await receivers.report();
  const before = [performance.now(), cpuMicros(dispatcherPid), cpuOfAll(postgresPid)] as const;
  await sleep(options.seconds * 1_000);
  const { ms, disorder, again } = await receivers.report();
  const [wall, own, postgres] = [performance.now(), cpuMicros(dispatcherPid), cpuOfAll(postgresPid)];
  await writer.stop();
  await caughtUp(db, GOOD);
  const times = [...(ms[GOOD] ?? [])].sort((a, b) => a - b);
  if ((disorder[GOOD] ?? 0) > 0) throw new Error('events of a room arrived in disorder');
  if ((again[GOOD] ?? 0) > 0) console.error(`${again[GOOD]} events arrived again`);
  const percentile = (share: number): number => times[Math.floor(share * (times.length - 1))] ?? Number.NaN;
  return {
    perSecond: (times.length / (wall - before[0])) * 1_000,
    ...{ p50: percentile(0.5), p99: percentile(0.99) },
    ...{ dispatcher: (own - before[1]) / times.length, postgres: (postgres - before[2]) / times.length },
  };
}

/** Resolves when a webhook has received every event. */
async function caughtUp(db: Database, name: string): Promise<void> {
  const deadline = performance.now() + CAUGHT_UP_MS;
  for (;;) {
    const [row] = await db.$queryRaw<Array<{ behind: bigint }>>`
      SELECT (SELECT position FROM event_log) - position + (SELECT count(*) FROM event_outbox) AS behind
      FROM webhooks WHERE url LIKE ${`%${name}`}`;
    if (row?.behind === 0n) return;
    if (performance.now() > deadline) throw new Error(`${name} is behind by ${row?.behind} events`);
    await sleep(50);
  }
}

/** The endpoint that was down is back. */
async function catchUp({ db, receivers, dispatcherPid }: Servers): Promise<string> {
  receivers.give({});
  await receivers.report();
  const [started, cpu] = [performance.now(), cpuMicros(dispatcherPid)];
  await setEnabled(db, DOWN, true);
  await caughtUp(db, DOWN);
  const seconds = (performance.now() - started) / 1_000;
  const { ms, again, disorder } = await receivers.report();
  const count = ms[DOWN]?.length ?? 0;
  const micros = ((cpuMicros(dispatcherPid) - cpu) / count).toFixed(0);
  return `the endpoint that was down caught up: ${count} events in ${seconds.toFixed(1)} s (${(count / seconds).toFixed(0)}/s, dispatcher ${micros} µs each), ${again[DOWN] ?? 0} delivered again, ${disorder[DOWN] ?? 0} in disorder`;
}

const closer = new Closer();
try {
  const before = loadavg()[0] ?? 0;
  const servers = await startServers(closer, { ...options, endpoints: [GOOD, DOWN] });
  await setEnabled(servers.db, GOOD, true);
  const rounds = new Map<Case, Round[]>(CASES.map((kind) => [kind, []]));
  // Tables that were empty before cost less.
  await runRound('alone', servers);
  for (let round = 0; round < options.rounds; round++) {
    for (const kind of CASES) {
      const reached = await runRound(kind, servers);
      rounds.get(kind)?.push(reached);
      console.error(kind, JSON.stringify(reached));
    }
  }
  const last = await catchUp(servers);
  const of = (kind: Case, read: (round: Round) => number): number =>
    median((rounds.get(kind) ?? []).map(read));
  console.error(
    `load of the machine: ${before.toFixed(1)} before, ${(loadavg()[0] ?? 0).toFixed(1)} after; medians of ${options.rounds} rounds`,
  );
  const ratio = (kind: Case, read: (round: Round) => number): string =>
    (of(kind, read) / of('alone', read)).toFixed(2);
  const p99 = (round: Round): number => round.p99;
  const dispatcher = (round: Round): number => round.dispatcher;
  const postgres = (round: Round): number => round.postgres;
  console.table(
    CASES.map((kind) => ({
      endpoint: kind,
      'events/s': of(kind, ({ perSecond }) => perSecond).toFixed(0),
      'p50, ms': of(kind, ({ p50 }) => p50).toFixed(0),
      'p99, ms': of(kind, p99).toFixed(0),
      'p99, ratio': ratio(kind, p99),
      'dispatcher, µs each': of(kind, dispatcher).toFixed(0),
      'dispatcher, ratio': ratio(kind, dispatcher),
      'PostgreSQL, µs each': of(kind, postgres).toFixed(0),
      'PostgreSQL, ratio': ratio(kind, postgres),
    })),
  );
  console.log(last);
} finally {
  await closer.close();
}
