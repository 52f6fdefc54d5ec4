import type { TlsFiles } from '@chorus/service';
import type { Cluster, Redis } from 'ioredis';

/** A connection to one Redis server or to a Redis Cluster; both have one set of commands. */
export type RedisClient = Redis | Cluster;

/** Where a server listens. */
export interface ServerAddress {
  readonly host: string;
  readonly port: number;
}

/** Sentinels, which name the primary of a Redis. */
export interface SentinelConfig {
  /** Name of the primary in the configuration of the Sentinels. */
  readonly name: string;
  readonly addresses: readonly ServerAddress[];
  readonly username?: string | undefined;
  readonly password?: string | undefined;
  /** Undefined for connections without TLS. */
  readonly tls?: TlsFiles | undefined;
}

export interface RedisConfig {
  /** `redis://` or `rediss://` URLs. More than one only with `cluster`; with `sentinel`, host and port are not used. */
  urls: readonly string[];
  /** Speak the Redis Cluster protocol; `urls` are then the seed nodes. */
  cluster: boolean;
  /** Timeout of a command, in milliseconds. */
  commandTimeoutMs: number;
  /** For `rediss://` URLs; undefined trusts the CAs of Node.js and sends no client certificate. */
  tls?: TlsFiles | undefined;
  /** Number of replicas that must have a message before it is acked. Default 0. */
  waitReplicas?: number | undefined;
  /** Undefined if the server of the URL is the primary. */
  sentinel?: SentinelConfig | undefined;
}
