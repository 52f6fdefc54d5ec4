import type { RedisClient } from '@chorus/redis';
import { RateLimiterRedis } from 'rate-limiter-flexible';
import { type RateLimitConfig, type RateLimits, rateLimits } from './rate-limits.js';

/**
 * Limits shared by all replicas of the API. Keys: `<prefix>:limit:<kind>:<key>`, a count that expires with its
 * window.
 */
export function redisRateLimits(config: RateLimitConfig, redis: RedisClient, prefix: string): RateLimits {
  return rateLimits(
    config,
    (options) =>
      new RateLimiterRedis({
        ...options,
        keyPrefix: `${prefix}:limit:${options.keyPrefix}`,
        storeClient: redis,
        rejectIfRedisNotReady: true,
      }),
  );
}
