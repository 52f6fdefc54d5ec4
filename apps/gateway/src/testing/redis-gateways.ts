import { BrokerKeys, RedisRoomDirectory, type RoomDirectory } from '@chorus/broker';
import { type AccessList, type MembershipList, RedisAccessList, RedisMembershipList } from '@chorus/control';
import { openRedisKeys, redisAt, type TestRedisKeys } from '@chorus/redis/testing';
import { silentLog, testRedis } from '@chorus/testing';
import type { GatewayConfig } from '../config.js';
import type { GatewayParts } from '../create-gateway.js';
import { createRedisParts } from '../lifecycle/redis-parts.js';
import { GatewayFixture } from './gateways.js';

/** Gateways in this process over one real Redis, with rooms of their own. */
export class RedisGatewayFixture extends GatewayFixture {
  private constructor(
    private readonly url: string,
    private readonly own: TestRedisKeys,
    override readonly directory: RoomDirectory,
    override readonly memberships: MembershipList,
    /** As the API writes it. */
    readonly list: AccessList,
  ) {
    super();
  }

  /** @param given server to use; by default the one that all suites share */
  static async open(given?: string): Promise<RedisGatewayFixture> {
    const url = given ?? (await testRedis()).url;
    const own = await openRedisKeys(redisAt(url));
    const { redis, keyspace } = own;
    const list = new RedisAccessList(redis, keyspace);
    await (await list.beginRestoration()).complete();
    const fixture = new RedisGatewayFixture(
      url,
      own,
      new RedisRoomDirectory(redis, keyspace),
      new RedisMembershipList(redis, keyspace),
      list,
    );
    fixture.closer.add(own);
    return fixture;
  }

  /**
   * Copies everything of these gateways in Redis.
   * @returns puts the copy back, as a Redis does that restarts with older data: its memberships count for nothing
   */
  async copyData(): Promise<() => Promise<void>> {
    const { redis } = this.own;
    const keys = await this.own.keys();
    const copies = await Promise.all(keys.map((key) => redis.dumpBuffer(key)));
    return async () => {
      await this.own.deleteKeys();
      for (const [at, key] of keys.entries()) {
        const copy = copies[at];
        // Gateways may have begun some again.
        if (copy && !/:control:m\b/.test(key)) await redis.restore(key, 0, copy, 'REPLACE');
      }
    };
  }

  /** Removes the oldest entries of the recent history, as archivers do with what they have stored. @param size entries that stay */
  async trimHistory(roomId: number, size: number): Promise<void> {
    await this.own.redis.xtrim(new BrokerKeys(this.own.keyspace).stream(roomId), 'MAXLEN', size);
  }

  protected override async parts(config: GatewayConfig): Promise<GatewayParts> {
    const redis = { ...config.redis, urls: [this.url] };
    return this.closer.add(
      createRedisParts({ ...config, redis, redisPrefix: this.own.keyspace.prefix }, silentLog),
    );
  }
}
