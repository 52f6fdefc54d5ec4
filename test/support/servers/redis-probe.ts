import { BrokerKeys } from '@chorus/broker';
import { Keyspace, type RedisClient } from '@chorus/redis';
import { connectRedis, redisAt } from '@chorus/redis/testing';

/** Older than any change that the API leaves to the request which makes it. */
const LONG_AGO_MS = 60_000;

/** Looks into, and harms, what a cluster keeps in Redis. Other users of the server notice nothing. */
export class RedisProbe {
  readonly #keyspace: Keyspace;
  readonly #keys: BrokerKeys;

  private constructor(
    private readonly redis: RedisClient,
    prefix: string,
  ) {
    this.#keyspace = new Keyspace(prefix);
    this.#keys = new BrokerKeys(this.#keyspace);
  }

  static async open({
    redis,
    redisPrefix,
  }: {
    redis: { url: string };
    redisPrefix: string;
  }): Promise<RedisProbe> {
    return new RedisProbe(await connectRedis(redisAt(redis.url), 'test-probe'), redisPrefix);
  }

  /** How many gateways are subscribed to the room: each of its messages costs that many deliveries. */
  async subscribers(roomId: number): Promise<number> {
    const [, count] = await this.redis.pubsub('NUMSUB', this.#keys.channel(roomId));
    return Number(count);
  }

  /** How many messages of a room Redis still has. */
  historyLength(roomId: number): Promise<number> {
    return this.redis.xlen(this.#keys.stream(roomId));
  }

  /**
   * What the API leaves behind when it dies between its two writes, a minute ago. It is looked at soon
   * and once: write to PostgreSQL first.
   */
  async notePendingChange(roomId: number): Promise<void> {
    await this.redis.zadd(this.#keys.pendingChanges(), Date.now() - LONG_AGO_MS, roomId);
  }

  async pendingChanges(): Promise<number[]> {
    return (await this.redis.zrange(this.#keys.pendingChanges(), 0, -1)).map(Number);
  }

  /** Removes everything that the cluster keeps, as if its Redis had come back empty. */
  async loseAll(): Promise<void> {
    const keys = await this.redis.keys(`*${this.#keyspace.prefix}:*`);
    await this.redis.unlink(...keys);
  }

  /** How many gateways would hear of an event for all of them. */
  async controlSubscribers(): Promise<number> {
    const [, count] = await this.redis.pubsub('NUMSUB', this.#keys.control());
    return Number(count);
  }

  /**
   * Cuts the connections by which gateways receive, and lets none of them subscribe again until `undo` is called.
   * Concerns everybody who uses the server.
   */
  async cutSubscribers(): Promise<{ undo(): Promise<void> }> {
    await this.redis.call('ACL', 'SETUSER', 'default', '-subscribe');
    await this.redis.call('CLIENT', 'KILL', 'TYPE', 'pubsub');
    return {
      undo: async () => {
        await this.redis.call('ACL', 'SETUSER', 'default', '+subscribe');
      },
    };
  }

  /** Where the server keeps its data; a server of the cluster's own keeps it in `appendonlydir` there. */
  async dataFolder(): Promise<string> {
    const [, folder] = (await this.redis.config('GET', 'dir')) as [string, string];
    return folder;
  }

  close(): void {
    this.redis.disconnect();
  }
}
