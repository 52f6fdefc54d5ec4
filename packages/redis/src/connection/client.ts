import type { TlsFiles } from '@chorus/service';
import type { Cluster, Redis } from 'ioredis';

/** A connection to one Redis server or to a Redis Cluster; both have one set of commands. */
export type RedisClient = Redis | Cluster;

export interface RedisConfig {
  /** `redis://` or `rediss://` URLs. More than one only with `cluster`. */
  urls: readonly string[];
  /** Speak the Redis Cluster protocol; `urls` are then the seed nodes. */
  cluster: boolean;
  /** Timeout of a command, in milliseconds. */
  commandTimeoutMs: number;
  /** For `rediss://` URLs; undefined trusts the CAs of Node.js and sends no client certificate. */
  tls?: TlsFiles | undefined;
}
