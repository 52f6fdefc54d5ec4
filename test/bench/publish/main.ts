import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { cpuMicros } from '@chorus/loadtest';
import { startRedis } from '@chorus/local';
import { Closer } from '@chorus/service';
import { benchCommand } from '../bench-command.js';
import { median } from '../median.js';
import type { Done, Task } from './worker.js';

/*
 * `pnpm bench:publish`: cost of a message for Redis and its publisher, by size of the batch and number of rooms, with
 * and without an idempotency key; every message is delivered once. With `--against` another built checkout, both take
 * turns in one run: compare the two, because the figures vary with the machine. `--members` and `--watched` add what news for
 * inboxes cost.
 */

const HERE = fileURLToPath(new URL('../../../..', import.meta.url));
const WORKER = fileURLToPath(new URL('worker.js', import.meta.url));
const BATCHES = [1, 4, 16, 64];
const ROOMS = [1, 10, 1_000, 10_000];
const WARM_UP_MS = 150;

const options = benchCommand(
  'bench:publish',
  'Measures what a published message costs Redis and its publisher.',
)
  .option('--against <folder>', 'another built checkout, for comparison')
  .option('--rounds <number>', 'number of turns per case; the median is reported', Number, 3)
  .option('--ms <number>', 'length of a turn, in milliseconds', Number, 500)
  .option('--batches <list>', 'comma-separated numbers of messages per batch', numbers, BATCHES)
  .option('--rooms <list>', 'comma-separated numbers of rooms', numbers, ROOMS)
  .option('--used <share>', 'share of the archive budget in use, from 0 to 1', Number, 0)
  .option('--users <number>', 'number of users, who send in turn', Number, 1)
  .option('--members', 'the rooms have members')
  .option('--watched', 'the publisher watches the activity of all rooms, as a gateway with inboxes does')
  .option('--redis <arguments>', 'more arguments of redis-server', '')
  .parse()
  .opts<{
    against?: string;
    rounds: number;
    ms: number;
    batches: number[];
    rooms: number[];
    used: number;
    users: number;
    members?: true;
    watched?: true;
    redis: string;
  }>();

function numbers(list: string): number[] {
  return list.split(',').map(Number);
}

interface Cost {
  redis: number;
  publisher: number;
}

interface System {
  readonly worker: ChildProcess;
  readonly redisPid: number;
  readonly url: string;
}

async function start(checkout: string, closer: Closer): Promise<System> {
  const server = closer.add(
    await startRedis({ args: options.redis.split(' ').filter((word) => word !== '') }),
  );
  const worker = fork(WORKER, [
    checkout,
    server.url,
    ...[Math.max(...options.rooms), options.used, options.users].map(String),
    options.members ? 'members' : '',
    options.watched ? 'watched' : '',
  ]);
  closer.defer(() => worker.disconnect());
  await once(worker, 'message');
  return { worker, redisPid: server.pid, url: server.url };
}

async function perform(worker: ChildProcess, task: Task): Promise<Done> {
  worker.send(task);
  const [done] = (await once(worker, 'message')) as [Done];
  return done;
}

async function cost({ worker, redisPid }: System, task: Task): Promise<Cost> {
  await perform(worker, { ...task, ms: WARM_UP_MS });
  const before = cpuMicros(redisPid);
  const { messages, micros } = await perform(worker, task);
  return { redis: (cpuMicros(redisPid) - before) / messages, publisher: micros / messages };
}

/** Medians of all rounds. */
function middle(costs: readonly Cost[]): Cost {
  return {
    redis: median(costs.map(({ redis }) => redis)),
    publisher: median(costs.map(({ publisher }) => publisher)),
  };
}

const closer = new Closer();
try {
  const now = await start(HERE, closer);
  const other = options.against === undefined ? undefined : await start(resolve(options.against), closer);
  const rows: Array<Record<string, string | number>> = [];
  for (const keys of [false, true]) {
    for (const rooms of options.rooms) {
      for (const batch of options.batches) {
        const task: Task = { batch, rooms, keys, ms: options.ms };
        const costs: Cost[] = [];
        const others: Cost[] = [];
        for (let round = 0; round < options.rounds; round++) {
          if (other !== undefined) others.push(await cost(other, task));
          costs.push(await cost(now, task));
        }
        const [ours, theirs] = [middle(costs), middle(others)];
        const row: Record<string, string | number> = { keys: keys ? 'yes' : 'no', rooms, batch };
        for (const who of ['redis', 'publisher'] as const) {
          if (other !== undefined) row[`${who}, other`] = theirs[who].toFixed(1);
          row[who] = ours[who].toFixed(1);
          if (other !== undefined) row[`${who}, ratio`] = (ours[who] / theirs[who]).toFixed(2);
        }
        console.error(JSON.stringify(row));
        rows.push(row);
      }
    }
  }
  console.log('µs of processor time per message');
  console.table(rows);
} finally {
  await closer.close();
}
