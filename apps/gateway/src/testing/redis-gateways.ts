import { RedisRoomDirectory, type RoomDirectory } from '@chorus/broker';
import { type MembershipList, RedisAccessList, RedisMembershipList } from '@chorus/control';
import type { Keyspace } from '@chorus/redis';
import { openRedisKeys, redisAt } from '@chorus/redis/testing';
import { silentLog, testRedis } from '@chorus/testing';
import type { GatewayConfig } from '../config.js';
import type { GatewayParts } from '../create-gateway.js';
import { createRedisParts } from '../lifecycle/redis-parts.js';
import { GatewayFixture } from './gateways.js';

/** Gateways in this process over one real Redis, with rooms of their own. */
export class RedisGatewayFixture extends GatewayFixture {
  private constructor(
    private readonly url: string,
    private readonly keyspace: Keyspace,
    override readonly directory: RoomDirectory,
    override readonly memberships: MembershipList,
  ) {
    super();
  }

  static async open(): Promise<RedisGatewayFixture> {
    const { url } = await testRedis();
    const own = await openRedisKeys(redisAt(url));
    const { redis, keyspace } = own;
    await (await new RedisAccessList(redis, keyspace).beginRestoration()).complete();
    const fixture = new RedisGatewayFixture(
      url,
      keyspace,
      new RedisRoomDirectory(redis, keyspace),
      new RedisMembershipList(redis, keyspace),
    );
    fixture.closer.add(own);
    return fixture;
  }

  protected override async parts(config: GatewayConfig): Promise<GatewayParts> {
    const redis = { ...config.redis, urls: [this.url] };
    return this.closer.add(
      createRedisParts({ ...config, redis, redisPrefix: this.keyspace.prefix }, silentLog),
    );
  }
}
