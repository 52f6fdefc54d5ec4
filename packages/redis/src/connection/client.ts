import type { TlsFiles } from '@chorus/service';
import type { Cluster, Redis } from 'ioredis';

/** A connection to one Redis server or to a Redis Cluster; the commands are the same. */
export type RedisClient = Redis | Cluster;

export interface RedisConfig {
  /** `redis://` or `rediss://` URLs. More than one only with `cluster`. */
  urls: readonly string[];
  /** Speak the Redis Cluster protocol; `urls` are then the seed nodes. */
  cluster: boolean;
  /** A command without an answer after this many milliseconds fails. */
  commandTimeoutMs: number;
  /** For `rediss://` URLs; undefined trusts the CAs of Node.js and shows no certificate. */
  tls?: TlsFiles | undefined;
}
