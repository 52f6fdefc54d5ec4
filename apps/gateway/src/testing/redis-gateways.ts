import { randomBytes } from 'node:crypto';
import { RedisRoomDirectory, type RoomDirectory } from '@chorus/broker';
import { RedisAccessList } from '@chorus/control';
import { createRedis, Keyspace, redisReady } from '@chorus/redis';
import { silentLog, testRedis } from '@chorus/testing';
import type { GatewayConfig } from '../config.js';
import type { GatewayParts } from '../create-gateway.js';
import { createRedisParts } from '../lifecycle/redis-parts.js';
import { GatewayFixture } from './gateways.js';

/** Gateways in this process over one real Redis, with rooms of their own. */
export class RedisGatewayFixture extends GatewayFixture {
  private constructor(
    private readonly url: string,
    private readonly prefix: string,
    override readonly directory: RoomDirectory,
  ) {
    super();
  }

  static async open(): Promise<RedisGatewayFixture> {
    const { url } = await testRedis();
    const prefix = `test-${randomBytes(6).toString('hex')}`;
    const keyspace = new Keyspace(prefix);
    const redis = createRedis({ urls: [url], cluster: false, commandTimeoutMs: 5_000 }, silentLog, 'test');
    await redisReady(redis, 5_000);
    await new RedisAccessList(redis, keyspace).replaceBans([]);
    const fixture = new RedisGatewayFixture(url, prefix, new RedisRoomDirectory(redis, keyspace));
    fixture.closer.defer(() => redis.disconnect());
    return fixture;
  }

  protected override async parts(config: GatewayConfig): Promise<GatewayParts> {
    const redis = { ...config.redis, urls: [this.url] };
    return this.closer.add(createRedisParts({ ...config, redis, redisPrefix: this.prefix }, silentLog));
  }
}
