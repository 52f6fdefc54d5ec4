import { once } from 'node:events';
import { join } from 'node:path';
import { Worker } from 'node:worker_threads';
import { createDatabase, type Database, migrate } from '@chorus/database';
import { spawnGuarded, startPostgres } from '@chorus/local';
import { type Closer, createLogger } from '@chorus/service';
import type { Order, Received } from './receiver-worker.js';

const SECRET = `whsec_${Buffer.alloc(32, 7).toString('base64')}`;

/** Endpoints in a thread of their own. */
export class Receivers {
  private constructor(
    private readonly worker: Worker,
    private readonly port: number,
  ) {}

  static async start(): Promise<Receivers> {
    const worker = new Worker(new URL('receiver-worker.js', import.meta.url));
    const [port] = (await once(worker, 'message')) as [number];
    return new Receivers(worker, port);
  }

  urlOf(name: string): string {
    return `http://127.0.0.1:${this.port}${name}`;
  }

  give(order: Order): void {
    this.worker.postMessage(order);
  }

  /** Returns what was received since the last question. */
  async report(): Promise<Received> {
    const answer = once(this.worker, 'message');
    this.worker.postMessage('report');
    const [received] = (await answer) as [Received];
    return received;
  }

  async close(): Promise<void> {
    await this.worker.terminate();
  }
}

export interface Servers {
  readonly db: Database;
  readonly receivers: Receivers;
  readonly dispatcherPid: number;
  readonly postgresPid: number;
}

/** Starts PostgreSQL with some rooms and webhooks, the dispatcher of a built checkout, and the endpoints. */
export async function startServers(
  closer: Closer,
  { rooms, endpoints, checkout }: { rooms: number; endpoints: readonly string[]; checkout: string },
): Promise<Servers> {
  const postgres = closer.add(await startPostgres());
  await migrate(postgres.url, createLogger({ service: 'bench', level: 'warn' }));
  const db = createDatabase(postgres.url, { poolSize: 4, timeoutMs: 60_000 });
  closer.defer(() => db.$disconnect());
  await db.$executeRaw`INSERT INTO rooms (id, name) SELECT id, 'room' FROM generate_series(1, ${rooms}::int) id`;
  await db.$executeRaw`INSERT INTO users (id, username) VALUES (7, 'ann')`;
  const receivers = closer.add(await Receivers.start());
  for (const name of endpoints) {
    const data = { url: receivers.urlOf(name), secret: SECRET, position: 0, enabled: false };
    await db.webhook.create({ data });
  }
  const dispatcher = await spawnGuarded({
    name: 'dispatcher',
    command: process.execPath,
    args: [join(checkout, 'apps/dispatcher/dist/main.js')],
    env: {
      ...{ PATH: process.env.PATH, HOST: '127.0.0.1', PORT: '0' },
      ...{ DATABASE_URL: postgres.url, WEBHOOK_ALLOW_ADDRESSES: '127.0.0.0/8' },
    },
  });
  closer.defer(() => dispatcher.stop('SIGTERM', 10_000));
  await dispatcher.ready((text) => text.includes('dispatcher is listening'), 10_000);
  return { db, receivers, dispatcherPid: dispatcher.pid, postgresPid: postgres.pid };
}
