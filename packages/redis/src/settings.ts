import { ConfigError, flag, integer, list, type TlsFiles } from '@chorus/service';
import { z } from 'zod';
import type { RedisConfig, SentinelConfig } from './connection/client.js';
import { isSecure, type RedisTlsSettings, readRedisTls } from './connection/tls.js';
import {
  namesSentinels,
  redisDatabase,
  redisUrlProblem,
  type SentinelUrl,
  seedsAgree,
  sentinelUrl,
} from './connection/url.js';

/** Settings of every process that uses Redis. */
export const redisSettings = {
  REDIS_URL: list()
    // Several hosts in one URL.
    .transform((urls) => (namesSentinels(urls[0] ?? '') ? [urls.join(',')] : urls))
    .superRefine((urls, context) => {
      const [problem] = (urls.length === 0 ? [''] : urls).flatMap((url) => redisUrlProblem(url) ?? []);
      if (problem !== undefined) context.addIssue({ code: 'custom', message: problem });
    })
    .default(['redis://127.0.0.1:6379'])
    .describe(
      'Address of Redis, with the number of the database as path if it is not 0; or comma-separated seed nodes of a Redis Cluster, which has database 0 only; or Sentinels, as `redis+sentinel://user:password@host:26379,host:26379/name/database`, with `rediss+sentinel://` for TLS.',
    ),
  REDIS_SENTINEL_USERNAME: z
    .string()
    .optional()
    .describe('User of the Sentinels; those of `REDIS_URL` are for the servers.'),
  REDIS_SENTINEL_PASSWORD: z
    .string()
    .optional()
    .describe('Password of the Sentinels; by default none is sent.'),
  REDIS_SENTINEL_TLS: flag()
    .optional()
    .describe('Whether the Sentinels have TLS, with the same files; by default as the servers.'),
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
  REDIS_WAIT_REPLICAS: integer(0, 10)
    .default(0)
    .describe(
      'Number of replicas that must have a message before it is acked, so that no failover to one of them loses it. Not for a Redis Cluster.',
    ),
  BROKER_SHARDED: flag()
    .default(false)
    .describe('`true` if Redis is a Redis Cluster: rooms are spread by sharded pub/sub.'),
};

/** Settings that describe the server of `REDIS_URL`, and are wrong for another one. */
export const REDIS_SERVER_SETTINGS = [
  'REDIS_CA_FILE',
  'REDIS_CERT_FILE',
  'REDIS_KEY_FILE',
  'REDIS_SENTINEL_USERNAME',
  'REDIS_SENTINEL_PASSWORD',
  'REDIS_SENTINEL_TLS',
  'REDIS_WAIT_REPLICAS',
] as const;

const SENTINEL_SETTINGS = [
  'REDIS_SENTINEL_USERNAME',
  'REDIS_SENTINEL_PASSWORD',
  'REDIS_SENTINEL_TLS',
] as const;

interface SentinelSettings {
  readonly REDIS_SENTINEL_USERNAME?: string | undefined;
  readonly REDIS_SENTINEL_PASSWORD?: string | undefined;
  readonly REDIS_SENTINEL_TLS?: boolean | undefined;
}

/** The connection that {@link redisSettings} describe. @throws {ConfigError} the URLs do not fit `BROKER_SHARDED` */
export function redisConfig(
  settings: RedisTlsSettings &
    SentinelSettings & {
      REDIS_URL: string[];
      REDIS_TIMEOUT_MS: number;
      BROKER_SHARDED: boolean;
      REDIS_WAIT_REPLICAS: number;
    },
): RedisConfig {
  const { REDIS_URL: given, BROKER_SHARDED: cluster, REDIS_TIMEOUT_MS: commandTimeoutMs } = settings;
  const sentinels = sentinelUrl(given[0] ?? '');
  if (cluster && sentinels !== undefined) {
    throw new ConfigError('REDIS_URL is not valid: a Redis Cluster (BROKER_SHARDED=true) has no Sentinels');
  }
  const { REDIS_WAIT_REPLICAS: waitReplicas } = settings;
  if (cluster && waitReplicas > 0) {
    throw new ConfigError(
      'REDIS_WAIT_REPLICAS is not valid: a Redis Cluster (BROKER_SHARDED=true) has no such wait',
    );
  }
  const urls = sentinels === undefined ? given : [sentinels.server];
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
  const serversSecure = isSecure(urls[0]);
  const sentinelsSecure = sentinels !== undefined && (settings.REDIS_SENTINEL_TLS ?? serversSecure);
  const tls = readRedisTls(settings, serversSecure || sentinelsSecure);
  const sentinel = sentinelConfig(settings, sentinels, sentinelsSecure ? (tls ?? {}) : undefined);
  return { urls, cluster, commandTimeoutMs, tls, sentinel, waitReplicas };
}

/** @throws {ConfigError} a setting of Sentinels without Sentinels */
function sentinelConfig(
  settings: SentinelSettings,
  sentinels: SentinelUrl | undefined,
  tls: TlsFiles | undefined,
): SentinelConfig | undefined {
  const set = SENTINEL_SETTINGS.find((name) => settings[name] !== undefined);
  if (sentinels === undefined) {
    if (set === undefined) return undefined;
    throw new ConfigError(
      `${set} is set, but REDIS_URL names no Sentinels: it must begin with redis+sentinel://`,
    );
  }
  const { REDIS_SENTINEL_USERNAME: username, REDIS_SENTINEL_PASSWORD: password } = settings;
  return { name: sentinels.name, addresses: sentinels.addresses, username, password, tls };
}
