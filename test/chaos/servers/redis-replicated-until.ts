import type { Closeable } from '@chorus/service';
import { Redis } from 'ioredis';
import type { RedisNode } from './redis-node.js';

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

  private constructor(
    private readonly primary: Redis,
    private readonly key: string,
  ) {}

  /**
   * Resolves when all replicas have the first time.
   * @param replicas number of replicas
   * @param tag hash tag of the key that is written
   */
  static async start({ port }: RedisNode, replicas: number, tag = ''): Promise<ReplicatedUntil> {
    const primary = new Redis({
      ...{ host: '127.0.0.1', port, lazyConnect: true, enableReadyCheck: false },
      ...{ commandTimeout: TIMEOUT_MS, retryStrategy: () => null },
    });
    primary.on('error', () => {});
    const ticks = new ReplicatedUntil(primary, keyWith(tag));
    try {
      await primary.connect();
      await ticks.#write();
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
  static async of(node: RedisNode, tag = ''): Promise<number> {
    const time = await node.with((client) => client.get(keyWith(tag)));
    if (time === null) throw new Error('the new primary has not even what all replicas had');
    return Number(time);
  }

  async close(): Promise<void> {
    clearInterval(this.#timer);
    this.primary.disconnect();
  }

  async #write(): Promise<void> {
    await this.primary.set(this.key, performance.now());
  }
}

function keyWith(tag: string): string {
  return tag === '' ? KEY : `${KEY}:{${tag}}`;
}
