import { z } from 'zod';
import { originProblem } from './allowed-origins.js';
import { ConfigError, flag, integer, list, oneOf, port } from './config.js';
import { LOG_LEVELS } from './logger.js';
import type { RedisConfig } from './redis-client.js';
import { type RedisTlsSettings, readRedisTls } from './redis-tls.js';
import { redisDatabase, redisUrlProblem, seedsAgree } from './redis-url.js';

/** Settings of every process that listens. */
export const listenerSettings = (defaultPort: number) => ({
  HOST: z.string().default('0.0.0.0').describe('Address to listen on.'),
  PORT: port().default(defaultPort).describe('Port to listen on; 0 lets the system choose.'),
  NODE_ID: z
    .string()
    .regex(/^[A-Za-z0-9._-]{1,64}$/, 'must be 1 to 64 letters, digits, dots, dashes or underscores')
    .optional()
    .describe('Name of this process in logs and presence; unique in the cluster. Made up when not set.'),
  LOG_LEVEL: oneOf(LOG_LEVELS).default('info').describe('Least important level that is logged.'),
  ALLOWED_ORIGINS: list()
    .superRefine((origins, context) => {
      const problems = origins.map(originProblem);
      const at = problems.findIndex((problem) => problem !== undefined);
      const problem = problems[at];
      if (problem === undefined) return;
      const message = problem.startsWith('must ') ? problem : `${JSON.stringify(origins[at])}: ${problem}`;
      context.addIssue({ code: 'custom', message });
    })
    .default([])
    .describe(
      'Origins of web pages that may call, besides the one that the request itself is for. `*` allows all, `null` pages without an origin; both without cookies.',
    ),
});

/** Settings of every process that clients reach through a balancer. */
export const balancedSettings = {
  TRUST_PROXY: integer(0, 16)
    .default(0)
    .describe(
      'Proxies in front that append to `X-Forwarded-For`; 0 takes the address of the connection. `Forwarded` is not read.',
    ),
  DRAIN_DELAY_MS: integer(0, 600_000)
    .default(5_000)
    .describe(
      'How long a process that was told to stop goes on as before, not ready, until balancers have noticed.',
    ),
};

/** Setting of every process that tells operators how it is. */
export const operatorPortSettings = {
  OPERATOR_PORT: port()
    .optional()
    .describe(
      'Port for operators, on the same address: `/metrics`, `/livez`, `/readyz`, and of the API the operator API. 0 lets the system choose; without it there is none.',
    ),
};

/** Settings of every process that uses Redis. */
export const redisSettings = {
  REDIS_URL: list()
    .superRefine((urls, context) => {
      const [problem] = (urls.length === 0 ? [''] : urls).flatMap((url) => redisUrlProblem(url) ?? []);
      if (problem !== undefined) context.addIssue({ code: 'custom', message: problem });
    })
    .default(['redis://127.0.0.1:6379'])
    .describe(
      'Redis, with the number of a database as path if it is not 0; or comma-separated seed nodes of a cluster, which has database 0 only.',
    ),
  REDIS_PREFIX: z
    .string()
    .regex(/^[A-Za-z0-9._-]{1,32}$/, 'must be 1 to 32 letters, digits, dots, dashes or underscores')
    .default('chorus')
    .describe('Start of every Redis key and channel name.'),
  REDIS_CA_FILE: z
    .string()
    .optional()
    .describe(
      'File with the CA certificates that sign Redis’, for `rediss://`; those of Node.js by default.',
    ),
  REDIS_CERT_FILE: z.string().optional().describe('File with the client’s certificate for Redis.'),
  REDIS_KEY_FILE: z.string().optional().describe('File with the key of `REDIS_CERT_FILE`.'),
  REDIS_TIMEOUT_MS: integer(100, 60_000).default(3_000).describe('Longest wait for an answer of Redis.'),
  BROKER_SHARDED: flag()
    .default(false)
    .describe('Redis is a Redis Cluster: spread rooms by sharded pub/sub.'),
};

/**
 * The connection that {@link redisSettings} describe.
 * @throws {ConfigError} the URLs do not fit `BROKER_SHARDED`
 */
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
