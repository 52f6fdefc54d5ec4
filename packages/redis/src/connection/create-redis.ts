import type { Logger } from '@chorus/service';
import { Cluster, Redis, type RedisOptions } from 'ioredis';
import { checkConnection } from './check.js';
import type { RedisClient, RedisConfig } from './client.js';
import { retryDelayMs } from './retry-delay.js';
import { redisTlsOptions } from './tls.js';
import { RedisWatch } from './watch.js';

/** How often to look who owns the slots of a cluster. */
const SLOTS_REFRESH_MS = 2_000;

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
