import type { Closeable } from '@chorus/service';
import { Redis } from 'ioredis';
import type { ChaosRedis, RedisNode } from './chaos-redis.js';

/** Outside of the prefix of the cluster. */
const KEY = 'chaos:clock';
const TICK_MS = 20;
const TIMEOUT_MS = 5_000;

/**
 * Writes the time to the primary again and again. What a replica has of it shows how far it was replicated: everything that was acknowledged
 * before that time is in the replica.
 */
export class ReplicatedUntil implements Closeable {
  #timer: NodeJS.Timeout | undefined;

  private constructor(private readonly primary: Redis) {}

  /** Resolves when all replicas have the first time. */
  static async start(redis: ChaosRedis): Promise<ReplicatedUntil> {
    const { port } = redis.node;
    const primary = new Redis({
      ...{ host: '127.0.0.1', port, lazyConnect: true, enableReadyCheck: false },
      ...{ commandTimeout: TIMEOUT_MS, retryStrategy: () => null },
    });
    primary.on('error', () => {});
    const ticks = new ReplicatedUntil(primary);
    try {
      await primary.connect();
      await ticks.#write();
      const replicas = redis.replicas.length;
      if ((await primary.wait(replicas, TIMEOUT_MS - 1_000)) < replicas) {
        throw new Error('a replica of Redis is not in step');
      }
    } catch (error) {
      await ticks.close();
      throw error;
    }
    // Fails when the primary is gone.
    ticks.#timer = setInterval(() => void ticks.#write().catch(() => {}), TICK_MS);
    return ticks;
  }

  /** Returns the last time that a server has, of `performance.now()`. */
  static async of(redis: ChaosRedis, node: RedisNode): Promise<number> {
    const time = await redis.with((client) => client.get(KEY), node);
    if (time === null) throw new Error('the new primary has not even what all replicas had');
    return Number(time);
  }

  async close(): Promise<void> {
    clearInterval(this.#timer);
    this.primary.disconnect();
  }

  async #write(): Promise<void> {
    await this.primary.set(KEY, performance.now());
  }
}
