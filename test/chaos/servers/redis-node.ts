import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Member } from '@chorus/cluster';
import { freePort, startRedis } from '@chorus/local';
import type { Closeable } from '@chorus/service';
import { Redis } from 'ioredis';

const TIMEOUT_MS = 5_000;

/** What a run does at a server, over a connection to it. */
export type RedisAction<T> = (redis: Redis) => Promise<T>;

/** A server with its data, over its restarts. It keeps what it acknowledged. */
export class RedisNode implements Closeable {
  private constructor(
    readonly member: Member,
    readonly port: number,
    readonly folder: string,
  ) {}

  /**
   * Prepares a server, which its member starts.
   * @param args more arguments of the server
   * @param env undefined for that of this process
   */
  static async create(
    nodeId: string,
    args: readonly string[] = [],
    env?: NodeJS.ProcessEnv,
  ): Promise<RedisNode> {
    const dir = await mkdtemp(join(tmpdir(), 'chorus-chaos-redis-'));
    const port = await freePort();
    const all = [
      ...['--appendfsync', 'always', '--repl-diskless-sync-delay', '0', '--repl-timeout', '60'],
      ...['--auto-aof-rewrite-percentage', '0', ...args],
    ];
    const launch = () => startRedis({ dir, port, args: all, orphanFolder: dir, ...(env && { env }) });
    return new RedisNode(new Member({ nodeId, restart: false, changed: () => {}, launch }), port, dir);
  }

  /** Runs an action with a connection of its own, which is closed afterwards. */
  async with<T>(action: RedisAction<T>): Promise<T> {
    // The product's own connection refuses servers that accept no writes; this one must reach those as well.
    const redis = new Redis({
      ...{ host: '127.0.0.1', port: this.port, lazyConnect: true, enableReadyCheck: false },
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

  /** Ends the replication to this replica until {@link readmit}. */
  async cutOff(): Promise<void> {
    await this.with(async (redis) => {
      // A server without a password refuses one that sends any.
      await redis.config('SET', 'masterauth', 'wrong');
      await redis.call('CLIENT', 'KILL', 'TYPE', 'master');
    });
  }

  async readmit(): Promise<void> {
    await this.with((redis) => redis.config('SET', 'masterauth', ''));
  }

  /** Kills the server; resolves when it has ended. */
  async kill(): Promise<void> {
    const ended = this.member.exited();
    this.member.kill('SIGKILL');
    await ended;
  }

  /** Removes its data as well. */
  async close(): Promise<void> {
    this.member.kill('SIGCONT');
    await this.member.stop();
    await rm(this.folder, { recursive: true, force: true });
  }
}
