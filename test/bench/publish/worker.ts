import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { messageEncoder } from '@chorus/protocol';
import { createLogger } from '@chorus/service';
import { TEXT } from '../gateway/load.js';

/** Order to a worker: one batch after another without a pause, for a time. */
export interface Task {
  /** Messages of one batch, distributed over the rooms in turn. */
  batch: number;
  rooms: number;
  keys: boolean;
  ms: number;
}

/** Result of the order. */
export interface Done {
  messages: number;
  /** Processor time of the worker in microseconds, its own deliveries included. */
  micros: number;
}

/** As long as those of clients. */
const KEY = '12345:6f1f0f5e-8a43-4c55-9d2c-';
const SUBSCRIBING = 500;

/** Budget for messages that wait for the archiver, in bytes. */
const BUDGET = 1e15;

const [checkout = '', url = '', rooms = '0', used = '0', users = '1', members, watched] =
  process.argv.slice(2);
/** Exports of a package of the checkout; empty if it lacks the package, as older ones do. */
async function load(name: string): Promise<object> {
  const file = join(checkout, 'packages', name, 'dist/index.js');
  return existsSync(file) ? await import(pathToFileURL(file).href) : {};
}

type Loaded = typeof import('@chorus/broker') & typeof import('@chorus/redis');
const { createRedis, Keyspace, RedisBroker, RedisRoomDirectory, redisReady }: Loaded = Object.assign(
  {},
  // Older checkouts have the parts for Redis in the first two.
  ...(await Promise.all(['service', 'broker', 'redis'].map(load))),
);

const log = createLogger({ service: 'bench', level: 'warn' });
const redis = { urls: [url], cluster: false, commandTimeoutMs: 10_000 };
const keyspace = new Keyspace('chorus');
const client = createRedis(redis, log, 'bench');
await redisReady(client, 5_000);
const directory = new RedisRoomDirectory(client, keyspace);
const limits = { maxBacklogBytes: BUDGET, maxBatchWindowMs: 0, connectTimeoutMs: 5_000 };
const broker = await RedisBroker.connect({ redis, keyspace, ...limits, log });
for (let first = 1; first <= Number(rooms); first += SUBSCRIBING) {
  const ids = Array.from({ length: SUBSCRIBING }, (_, index) => first + index);
  const create = async (id: number): Promise<void> => {
    await directory.ensure(id, 0);
    // Older checkouts do not know of members.
    if (members) await directory.setSize?.(id, 'small');
    await broker.subscribe(id);
  };
  await Promise.all(ids.map(create));
}
await directory.markComplete();
if (watched) await broker.watchActivity?.();
// As if much of the budget were used already.
if (Number(used) > 0) await client.hset('chorus:state', 'unstored', Math.floor(Number(used) * BUDGET));

let count = 0;

async function run({ batch, rooms, keys, ms }: Task): Promise<number> {
  const encoders = Array.from({ length: Number(users) }, (_, n) =>
    messageEncoder(1, { id: 12345 + n, username: 'somebody' }),
  );
  const end = performance.now() + ms;
  const before = count;
  while (performance.now() < end) {
    const sent: Array<Promise<unknown>> = [];
    for (let n = 0; n < batch; n++) {
      const id = `gateway-1-m0abc123-${(count++).toString(36)}`;
      const tag = count.toString().padStart(12, '0');
      const encode = encoders[count % encoders.length];
      const body = encode?.({ content: TEXT, id, sentAt: Date.now() }) ?? '';
      sent.push(broker.publish((count % rooms) + 1, body, keys ? KEY + tag : undefined));
    }
    await Promise.all(sent);
  }
  return count - before;
}

process.on('message', (task: Task) => {
  const before = process.cpuUsage();
  run(task).then(
    (messages) => {
      const { user, system } = process.cpuUsage(before);
      process.send?.({ messages, micros: user + system } satisfies Done);
    },
    (error: unknown) => {
      console.error(error);
      process.exit(1);
    },
  );
});
process.on('disconnect', () => process.exit());
process.send?.('ready');
