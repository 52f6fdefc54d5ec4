import { Cluster, Redis, type RedisOptions } from 'ioredis';
import type { Logger } from './logger.js';
import type { RedisWatch } from './redis-watch.js';

/** How often to look who owns the slots of a cluster. */
const SLOTS_REFRESH_MS = 2_000;

/** A connection to one Redis server or to a Redis Cluster; the commands are the same. */
export type RedisClient = Redis | Cluster;

export interface RedisConfig {
  /** `redis://` or `rediss://` URLs. More than one only with `cluster`. */
  urls: readonly string[];
  /** Speak the Redis Cluster protocol; `urls` are then the seed nodes. */
  cluster: boolean;
  /** A command without an answer after this many milliseconds fails. */
  commandTimeoutMs: number;
}

/**
 * Opens a connection for commands. While Redis is away commands fail at once instead of piling
 * up, and the connection is tried again for ever, every 50 ms at first and every 400 ms later.
 *
 * @param purpose what it is for, in logs, metrics and Redis' own list of connections
 * @param watch is told of the connection
 */
export function createRedis(
  config: RedisConfig,
  log: Logger,
  purpose: string,
  watch?: RedisWatch,
): RedisClient {
  const options: RedisOptions = {
    enableOfflineQueue: false,
    // A command is never sent again by itself: whether it ran is unknown, and the caller decides.
    maxRetriesPerRequest: 0,
    autoResendUnfulfilledCommands: false,
    commandTimeout: config.commandTimeoutMs,
    connectTimeout: config.commandTimeoutMs,
    retryStrategy: retryDelayMs,
    connectionName: purpose,
  };
  const client = config.cluster
    ? new Cluster([...config.urls], {
        redisOptions: { ...options, ...credentials(config.urls[0]) },
        enableOfflineQueue: false,
        clusterRetryStrategy: retryDelayMs,
        // Else a command would be sent again when its connection breaks.
        retryDelayOnFailover: 0,
      })
    : new Redis(config.urls[0] ?? '', options);
  dropWhenSilent(client, config.commandTimeoutMs);
  watch?.watch(purpose, client);
  if (client instanceof Cluster) {
    connectEarly(client);
    followSlots(client);
  }
  // Without a listener ioredis prints every failed attempt; one line per outage is enough.
  let reported = false;
  client.on('error', (error: Error) => {
    if (!reported) log.warn({ purpose, error: error.message }, 'redis connection failed');
    reported = true;
  });
  client.on('ready', () => {
    if (reported) log.info({ purpose }, 'redis connection restored');
    reported = false;
  });
  return client;
}

/**
 * Breaks connections on which a server has been silent for too long, so that they are made anew. TCP
 * alone takes a quarter of an hour to notice that the other side has vanished, and on a connection
 * that only receives it never does.
 */
export function dropWhenSilent(client: RedisClient, timeoutMs: number): void {
  const ask = setInterval(() => {
    for (const node of client instanceof Cluster ? client.nodes() : [client]) {
      if (node.status !== 'ready') continue;
      const { stream } = node;
      // Fails by the command time-out, or because the connection is closed already.
      node.ping().catch(() => stream.destroy());
    }
  }, timeoutMs).unref();
  client.once('end', () => clearInterval(ask));
}

/**
 * A node that is only connected by the first command refuses the second, until it is connected. Not
 * before the cluster is ready: the question whether it is goes to any node, and must not be refused.
 */
function connectEarly(cluster: Cluster): void {
  const connect = (node: Redis): void => {
    if (cluster.status === 'ready' && node.status === 'wait') node.connect().catch(() => undefined);
  };
  cluster.on('ready', () => cluster.nodes().forEach(connect));
  cluster.on('+node', connect);
}

/**
 * Notices that others own the slots of a server that went silent. The library's own interval can
 * outlive the connection.
 */
function followSlots(cluster: Cluster): void {
  const refresh = setInterval(() => {
    if (cluster.status === 'ready') cluster.refreshSlotsCache();
  }, SLOTS_REFRESH_MS).unref();
  cluster.once('end', () => clearInterval(refresh));
}

/** The nodes that a cluster tells of come without user, password and TLS: those of the first seed hold for all. */
function credentials(seed: string | undefined): RedisOptions {
  const { protocol, username, password } = new URL(seed ?? '');
  return {
    ...(username === '' ? {} : { username: decodeURIComponent(username) }),
    ...(password === '' ? {} : { password: decodeURIComponent(password) }),
    ...(protocol === 'rediss:' ? { tls: {} } : {}),
  };
}

/** How long to wait before connection attempt `attempt` (1, 2, …), in milliseconds. */
export function retryDelayMs(attempt: number): number {
  // Not longer: what is left of two seconds has to do for everything that heals after the connection.
  return 50 * 2 ** Math.min(attempt - 1, 3);
}

/** Resolves once the connection answers commands; rejects after `timeoutMs`. */
export async function redisReady(client: RedisClient, timeoutMs: number): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const tooLate = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`no answer within ${timeoutMs} ms`)), timeoutMs);
  });
  const connected = async (): Promise<void> => {
    await readyOrEnded(client);
    // The masters that can be reached; others come and go later as well.
    if (client instanceof Cluster) await Promise.all(client.nodes('master').map(readyOrEnded));
    if (client.status !== 'ready') throw new Error('the connection was closed');
  };
  await Promise.race([connected(), tooLate]).finally(() => clearTimeout(timer));
}

async function readyOrEnded(client: RedisClient): Promise<void> {
  if (client.status === 'ready' || client.status === 'end') return;
  await new Promise<void>((resolve) => {
    client.once('ready', resolve);
    client.once('end', resolve);
  });
}
