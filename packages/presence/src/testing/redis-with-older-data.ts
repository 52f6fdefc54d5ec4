import { mkdtemp, readdir, rm, stat, truncate } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type LocalServer, startRedis } from '@chorus/local';
import { until } from '@chorus/testing';
import { Redis } from 'ioredis';

/** How the data of a Redis can become older. */
export const OLDER_DATA = ['snapshot', 'lost tail', 'lagging replica', 'empty'] as const;
export type OlderData = (typeof OLDER_DATA)[number];

const SNAPSHOTS = ['--appendonly', 'no', '--save', ''];
const LOG = ['--appendonly', 'yes', '--appendfsync', 'always', '--auto-aof-rewrite-percentage', '0'];
const REPLICA = ['--repl-diskless-sync-delay', '0'];

/** A Redis that returns, at its address and as another process, with what it held at an earlier moment. */
export class RedisWithOlderData {
  #dir = '';
  #server: LocalServer | undefined;
  #replica: LocalServer | undefined;
  #replicaDir = '';
  #logLength = 0;

  private constructor(private readonly kind: OlderData) {}

  static async start(kind: OlderData): Promise<RedisWithOlderData> {
    const redis = new RedisWithOlderData(kind);
    redis.#dir = await mkdtemp(join(tmpdir(), 'chorus-presence-'));
    redis.#server = await startRedis({ dir: redis.#dir, args: redis.#args });
    if (kind === 'lagging replica') await redis.#startReplica();
    return redis;
  }

  get url(): string {
    return this.#running.url;
  }

  /** The data of this moment is what comes back, unless that is nothing. */
  async remember(): Promise<void> {
    if (this.kind === 'snapshot') await this.#with(this.#running, (redis) => redis.save());
    if (this.kind === 'lost tail') this.#logLength = (await stat(await this.#log())).size;
    if (this.kind === 'lagging replica') await this.#detachReplica();
  }

  /** Ends the server and starts one with the older data. */
  async goBack(): Promise<void> {
    const { port } = this.#running;
    this.#running.kill('SIGKILL');
    await this.#running.exited;
    if (this.kind === 'empty') await rm(this.#dir, { recursive: true });
    if (this.kind === 'lost tail') await truncate(await this.#log(), this.#logLength);
    const dir = this.kind === 'lagging replica' ? this.#replicaDir : this.#dir;
    this.#server = await startRedis({ dir, port, args: this.#args });
  }

  kill(signal: NodeJS.Signals): void {
    this.#running.kill(signal);
  }

  async close(): Promise<void> {
    await this.#server?.close();
    await this.#replica?.close();
    for (const dir of [this.#dir, this.#replicaDir]) if (dir) await rm(dir, { recursive: true, force: true });
  }

  get #running(): LocalServer {
    if (this.#server === undefined) throw new Error('not started');
    return this.#server;
  }

  get #args(): string[] {
    return this.kind === 'lost tail' ? LOG : [...SNAPSHOTS, ...REPLICA];
  }

  async #startReplica(): Promise<void> {
    this.#replicaDir = await mkdtemp(join(tmpdir(), 'chorus-presence-'));
    const upstream = ['--replicaof', '127.0.0.1', String(this.#running.port)];
    this.#replica = await startRedis({ dir: this.#replicaDir, args: [...this.#args, ...upstream] });
    await this.#with(this.#replica, async (redis) => {
      await until(async () => (await redis.info('replication')).includes('master_link_status:up'));
    });
  }

  /** The replica receives nothing more. Its address becomes that of the primary in {@link goBack}. */
  async #detachReplica(): Promise<void> {
    if (this.#replica === undefined) throw new Error('no replica');
    await this.#with(this.#running, async (redis) => {
      // What is not replicated yet would be missing.
      await redis.set('mark', '');
      await redis.wait(1, 5_000);
    });
    await this.#with(this.#replica, async (redis) => {
      await redis.replicaof('NO', 'ONE');
      await redis.save();
    });
    await this.#replica.close();
    this.#replica = undefined;
  }

  async #log(): Promise<string> {
    const folder = join(this.#dir, 'appendonlydir');
    const name = (await readdir(folder)).find((file) => file.endsWith('.incr.aof'));
    if (name === undefined) throw new Error(`no log in ${folder}`);
    return join(folder, name);
  }

  async #with<T>(server: LocalServer, action: (redis: Redis) => Promise<T>): Promise<T> {
    const redis = new Redis(server.url);
    try {
      return await action(redis);
    } finally {
      redis.disconnect();
    }
  }
}
