import { Cluster, Redis, type RedisOptions } from 'ioredis';
import { ConfigError } from './config-error.js';
import type { Logger } from './logger.js';
import { checkConnection } from './redis-check.js';
import { isDatabaseRefused } from './redis-errors.js';
import { redisTlsOptions } from './redis-tls.js';
import { RedisWatch } from './redis-watch.js';
import type { TlsFiles } from './tls-files.js';

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
  /** For `rediss://` URLs; undefined trusts the CAs of Node.js and shows no certificate. */
  tls?: TlsFiles | undefined;
}

/**
 * Opens a connection for commands. While Redis is away commands fail at once instead of piling
 * up, and the connection is tried again for ever, within 50 ms at first and within 400 ms later. A connection to a server
 * that takes no writes, or does not have the database, is closed and opened again until it leads to one that does.
 *
 * @param purpose what it is for, in logs, metrics and Redis' own list of connections
 * @param watch watches the connection
 */
export function createRedis(
  config: RedisConfig,
  log: Logger,
  purpose: string,
  watch: RedisWatch = new RedisWatch(),
): RedisClient {
  const link = watch.open(purpose, log);
  const [url = ''] = config.urls;
  const options: RedisOptions = {
    enableOfflineQueue: false,
    // A command is never sent again by itself: whether it ran is unknown, and the caller decides.
    maxRetriesPerRequest: 0,
    autoResendUnfulfilledCommands: false,
    commandTimeout: config.commandTimeoutMs,
    connectTimeout: config.commandTimeoutMs,
    retryStrategy: retryDelayMs,
    connectionName: purpose,
    // Only for `CLIENT LIST`, and one more command that a user would need the right to.
    disableClientInfo: true,
  };
  const client = config.cluster
    ? new Cluster([...config.urls], {
        redisOptions: { ...options, ...link.nodeOptions, ...credentials(config) },
        enableOfflineQueue: false,
        clusterRetryStrategy: retryDelayMs,
        // Else a command would be sent again when its connection breaks.
        retryDelayOnFailover: 0,
      })
    : new Redis(url, { ...options, ...redisTlsOptions(url, config.tls), ...link.options });
  link.attach(client);
  checkConnection(client, link, { timeoutMs: config.commandTimeoutMs, receives: false });
  if (client instanceof Cluster) {
    connectEarly(client);
    followSlots(client);
  }
  return client;
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

/** The nodes that a cluster tells of come without user, password and TLS: those of the seeds hold for all. */
function credentials({ urls: [seed = ''], tls }: RedisConfig): RedisOptions {
  const { protocol, username, password } = new URL(seed);
  return {
    ...(username === '' ? {} : { username: decodeURIComponent(username) }),
    ...(password === '' ? {} : { password: decodeURIComponent(password) }),
    // Without a name to ask for: each node has its own.
    ...(protocol === 'rediss:' ? { tls: { ...tls } } : {}),
  };
}

/** How long to wait before connection attempt `attempt` (1, 2, …), in milliseconds. */
export function retryDelayMs(attempt: number): number {
  // Not longer: what is left of two seconds has to do for everything that heals after the connection.
  const longest = 50 * 2 ** Math.min(attempt - 1, 3);
  // Partly at random, so that processes do not all come at the same moment.
  return longest * (0.5 + Math.random() / 2);
}

/**
 * Resolves once the connection answers commands; rejects after `timeoutMs`.
 * @throws {ConfigError} the server does not have the database of the URL
 */
export async function redisReady(client: RedisClient, timeoutMs: number): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  let onError: ((error: Error) => void) | undefined;
  const tooLate = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`no answer within ${timeoutMs} ms`)), timeoutMs);
    onError = (error) => {
      if (!isDatabaseRefused(error)) return;
      reject(new ConfigError(`REDIS_URL is not valid: its database cannot be used: ${error.message}`));
    };
    client.on('error', onError);
  });
  const connected = async (): Promise<void> => {
    await readyOrEnded(client);
    // The masters that can be reached; others come and go later as well.
    if (client instanceof Cluster) await Promise.all(client.nodes('master').map(readyOrEnded));
    if (client.status !== 'ready') throw new Error('the connection was closed');
  };
  await Promise.race([connected(), tooLate]).finally(() => {
    clearTimeout(timer);
    if (onError !== undefined) client.off('error', onError);
  });
}

/**
 * Waits for a connection for at most `timeoutMs`. The library keeps trying after that.
 * @throws {ConfigError} see {@link redisReady}; the connection is ended then
 */
export async function connectedOrNot(client: RedisClient, timeoutMs: number): Promise<void> {
  try {
    await redisReady(client, timeoutMs);
  } catch (error) {
    if (!(error instanceof ConfigError)) return;
    client.disconnect();
    throw error;
  }
}

async function readyOrEnded(client: RedisClient): Promise<void> {
  if (client.status === 'ready' || client.status === 'end') return;
  await new Promise<void>((resolve) => {
    client.once('ready', resolve);
    client.once('end', resolve);
  });
}
