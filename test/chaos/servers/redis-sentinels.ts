import { setTimeout as sleep } from 'node:timers/promises';
import { type LocalSentinels, startSentinels } from '@chorus/local';
import type { Closeable } from '@chorus/service';
import { patiently } from '@chorus/testing';
import { Redis } from 'ioredis';
import type { ChaosRedis } from './chaos-redis.js';

const REPLICAS = 2;
const LOOK_MS = 10;
/** Longest time until a new primary is named, on an idle machine, in milliseconds. */
const NAMED_MS = 20_000;

/** Three Sentinels of a Redis, to which two replicas were added. */
export class ChaosSentinels implements Closeable {
  readonly #clients: readonly Redis[];

  private constructor(private readonly local: LocalSentinels) {
    this.#clients = local.sentinels.map(({ port }) => {
      const client = new Redis({ host: '127.0.0.1', port, enableReadyCheck: false });
      client.on('error', () => {});
      return client;
    });
  }

  /** @param downAfterMs time without an answer after which the primary counts as failed, in milliseconds; by default a second */
  static async start(redis: ChaosRedis, downAfterMs?: number): Promise<ChaosSentinels> {
    for (let index = 0; index < REPLICAS; index++) await redis.startReplica(redis.node.port);
    return new ChaosSentinels(await startSentinels(redis.node.port, REPLICAS, { downAfterMs }));
  }

  /** Value of `REDIS_URL` for processes. */
  get url(): string {
    return this.local.url;
  }

  /**
   * Resolves when the first Sentinel names another primary.
   * @param port of the primary before
   * @returns its port, and the time by `performance.now()`
   */
  async anotherThan(port: number, signal: AbortSignal): Promise<{ port: number; at: number }> {
    const deadline = performance.now() + patiently(NAMED_MS);
    while (performance.now() < deadline) {
      const named = await Promise.all(this.#clients.map((client) => this.#primaryPort(client)));
      const at = performance.now();
      const another = named.find((each) => each !== port);
      if (another !== undefined) return { port: another, at };
      await sleep(LOOK_MS, undefined, { signal });
    }
    throw new Error('the Sentinels named no other primary');
  }

  async close(): Promise<void> {
    for (const client of this.#clients) client.disconnect();
    await this.local.close();
  }

  async #primaryPort(client: Redis): Promise<number> {
    const reply = await client.call('SENTINEL', 'GET-MASTER-ADDR-BY-NAME', this.local.name);
    if (!Array.isArray(reply)) throw new Error(`a Sentinel does not know ${this.local.name}`);
    return Number(reply[1]);
  }
}
