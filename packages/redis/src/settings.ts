import { ConfigError, flag, integer, list } from '@chorus/service';
import { z } from 'zod';
import type { RedisConfig } from './connection/client.js';
import { type RedisTlsSettings, readRedisTls } from './connection/tls.js';
import { redisDatabase, redisUrlProblem, seedsAgree } from './connection/url.js';

/** Settings of every process that uses Redis. */
export const redisSettings = {
  REDIS_URL: list()
    .superRefine((urls, context) => {
      const [problem] = (urls.length === 0 ? [''] : urls).flatMap((url) => redisUrlProblem(url) ?? []);
      if (problem !== undefined) context.addIssue({ code: 'custom', message: problem });
    })
    .default(['redis://127.0.0.1:6379'])
    .describe(
      'Address of Redis, with the number of the database as path if it is not 0; or comma-separated seed nodes of a Redis Cluster, which has database 0 only.',
    ),
  REDIS_PREFIX: z
    .string()
    .regex(/^[A-Za-z0-9._-]{1,32}$/, 'must be 1 to 32 letters, digits, dots, dashes or underscores')
    .default('chorus')
    .describe('Prefix of every Redis key and channel name.'),
  REDIS_CA_FILE: z
    .string()
    .optional()
    .describe('File with the CA certificates for `rediss://`; those of Node.js by default.'),
  REDIS_CERT_FILE: z.string().optional().describe('File with the client certificate for Redis.'),
  REDIS_KEY_FILE: z.string().optional().describe('File with the key of `REDIS_CERT_FILE`.'),
  REDIS_TIMEOUT_MS: integer(100, 60_000)
    .default(3_000)
    .describe('Maximum time to wait for a response of Redis.'),
  BROKER_SHARDED: flag()
    .default(false)
    .describe('`true` if Redis is a Redis Cluster: rooms are spread by sharded pub/sub.'),
};

/** The connection that {@link redisSettings} describe. @throws {ConfigError} the URLs do not fit `BROKER_SHARDED` */
export function redisConfig(
  settings: RedisTlsSettings & {
    REDIS_URL: string[];
    REDIS_TIMEOUT_MS: number;
    BROKER_SHARDED: boolean;
  },
): RedisConfig {
  const { REDIS_URL: urls, BROKER_SHARDED: cluster } = settings;
  if (cluster && urls.some((url) => redisDatabase({ urls: [url] }) !== 0)) {
    throw new ConfigError(
      'REDIS_URL is not valid: a Redis Cluster (BROKER_SHARDED=true) has database 0 only',
    );
  }
  if (!cluster && urls.length > 1) {
    throw new ConfigError(
      'REDIS_URL is not valid: several URLs are seed nodes of a Redis Cluster, which needs BROKER_SHARDED=true',
    );
  }
  if (!seedsAgree(urls)) {
    throw new ConfigError(
      'REDIS_URL is not valid: seed nodes must have the same protocol, user and password, which hold for every node',
    );
  }
  return {
    urls,
    cluster,
    commandTimeoutMs: settings.REDIS_TIMEOUT_MS,
    tls: readRedisTls(settings, urls),
  };
}
