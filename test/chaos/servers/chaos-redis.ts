import { cp, mkdtemp, readdir, rm, stat, truncate } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Member } from '@chorus/cluster';
import { freePort, startRedis } from '@chorus/local';
import type { Closeable } from '@chorus/service';
import { eventually } from '@chorus/testing';
import { Redis } from 'ioredis';
import type { RedisClock } from './redis-clock.js';

/** A server process with its data, over its lives. */
export interface RedisNode {
  readonly member: Member;
  readonly port: number;
  readonly folder: string;
}

/** What a server held at one moment. */
export interface SavedData {
  readonly folder: string;
}

const TIMEOUT_MS = 5_000;
/** How long a replica may take to copy everything, on a busy machine. */
const IN_STEP_MS = 30_000;
/** What Redis calls the files of its append-only log. */
const LOG_FOLDER = 'appendonlydir';

/**
 * The Redis of a run: keeps what it acknowledged, unless a fault takes it away. Which server that is
 * changes when a replica takes over.
 */
export class ChaosRedis implements Closeable {
  readonly #nodes: RedisNode[] = [];
  readonly #saved: string[] = [];
  #current: RedisNode | undefined;

  private constructor(private readonly clock: RedisClock | undefined) {}

  /** @param clock makes the server's wall clock one that can be set */
  static async start(clock?: RedisClock): Promise<ChaosRedis> {
    const redis = new ChaosRedis(clock);
    try {
      redis.#current = await redis.#launch('redis');
      return redis;
    } catch (error) {
      await redis.close();
      throw error;
    }
  }

  /** The server that is in charge. */
  get node(): RedisNode {
    if (this.#current === undefined) throw new Error('there is no Redis');
    return this.#current;
  }

  /** Of the server itself, without anything in between. */
  get url(): string {
    return `redis://127.0.0.1:${this.node.port}`;
  }

  /** Does something with a connection of its own, which is closed afterwards. */
  async with<T>(action: (redis: Redis) => Promise<T>, node = this.node): Promise<T> {
    // The product's own connection refuses servers that take no writes; this one has to reach those as well.
    const redis = new Redis({
      ...{ host: '127.0.0.1', port: node.port, lazyConnect: true, enableReadyCheck: false },
      commandTimeout: TIMEOUT_MS,
    });
    redis.on('error', () => {});
    try {
      await redis.connect();
      return await action(redis);
    } finally {
      redis.disconnect();
    }
  }

  /** Copies the data as it is now. A command that is being written may be cut; Redis drops it at its start. */
  async save(): Promise<SavedData> {
    const folder = await mkdtemp(join(tmpdir(), 'chorus-chaos-saved-'));
    this.#saved.push(folder);
    await cp(join(this.node.folder, LOG_FOLDER), folder, { recursive: true });
    return { folder };
  }

  /** Replaces the data of the server, which must not run. @param saved undefined: by nothing */
  async restore(saved: SavedData | undefined): Promise<void> {
    const log = join(this.node.folder, LOG_FOLDER);
    await rm(log, { recursive: true });
    if (saved !== undefined) await cp(saved.folder, log, { recursive: true });
  }

  /** How long the log is, in bytes: the file that is being written. */
  async logLength(): Promise<number> {
    return (await stat(await this.#log())).size;
  }

  /** Cuts the log of the server, which must not run. @param length in bytes */
  async cutLog(length: number): Promise<void> {
    await truncate(await this.#log(), length);
  }

  /** @param upstreamPort what the replica copies; resolves when it has all of it */
  async startReplica(upstreamPort: number): Promise<RedisNode> {
    const replica = await this.#launch(`redis-${this.#nodes.length + 1}`);
    // Not by an argument: once it has taken over it is started again, and is no replica then.
    await this.with((redis) => redis.replicaof('127.0.0.1', upstreamPort), replica);
    // It has everything on its disk, too: what it copied goes into a new log first.
    const wanted = ['master_link_status:up', 'aof_rewrite_in_progress:0', 'aof_rewrite_scheduled:0'];
    await eventually(async () => {
      const state = await this.with((redis) => redis.info(), replica);
      const lacking = wanted.filter((line) => !state.includes(line));
      if (lacking.length > 0) throw new Error(`the replica is not in step: ${lacking.join(', ')}`);
    }, IN_STEP_MS);
    return replica;
  }

  /** From now on this one is in charge. */
  promoted(node: RedisNode): void {
    this.#current = node;
  }

  async close(): Promise<void> {
    for (const { member, folder } of this.#nodes) {
      member.kill('SIGCONT');
      await member.stop();
      await rm(folder, { recursive: true, force: true });
    }
    for (const folder of this.#saved) await rm(folder, { recursive: true, force: true });
  }

  async #launch(nodeId: string): Promise<RedisNode> {
    const folder = await mkdtemp(join(tmpdir(), 'chorus-chaos-redis-'));
    const port = await freePort();
    const args = [
      ...['--appendfsync', 'always', '--repl-diskless-sync-delay', '0', '--repl-timeout', '60'],
      ...['--auto-aof-rewrite-percentage', '0'],
    ];
    const env = this.clock?.env;
    const launch = () => startRedis({ dir: folder, port, args, orphanFolder: folder, ...(env && { env }) });
    const member = new Member({ nodeId, restart: false, changed: () => {}, launch });
    const node = { member, port, folder };
    this.#nodes.push(node);
    await member.start();
    return node;
  }

  async #log(): Promise<string> {
    const folder = join(this.node.folder, LOG_FOLDER);
    const numberOf = (name: string): number => Number(/\.(\d+)\.incr\.aof$/.exec(name)?.[1] ?? 0);
    const [newest] = (await readdir(folder)).sort((a, b) => numberOf(b) - numberOf(a));
    if (newest === undefined || numberOf(newest) === 0) throw new Error(`there is no log in ${folder}`);
    return join(folder, newest);
  }
}
