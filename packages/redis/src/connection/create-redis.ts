import type { Logger } from '@chorus/service';
import { Cluster, type Redis, type RedisOptions } from 'ioredis';
import { checkConnection } from './check.js';
import type { RedisClient, RedisConfig } from './client.js';
import { openServer } from './open-server.js';
import { retryDelayMs } from './retry-delay.js';
import { RedisWatch } from './watch.js';

/** Interval at which the owners of a cluster's slots are read, in milliseconds. */
const SLOTS_REFRESH_MS = 2_000;

/**
 * Opens a connection for commands. While Redis is down, commands fail at once instead of queueing, and the library
 * reconnects without limit, within 50 ms at first and within 400 ms later. A connection to a server that accepts no
 * writes, or lacks the database, is closed and opened again until it leads to one that does.
 *
 * @param purpose names the connection in logs, metrics and Redis' own list of connections
 * @param watch watches the connection
 * @param gathers whether the commands of one turn of the event loop leave in one write, after the answers to the previous ones. It makes
 *   many small commands cheaper. Not with a Redis Cluster, where the library fails for slots without an owner.
 */
export function createRedis(
  config: RedisConfig,
  log: Logger,
  purpose: string,
  watch: RedisWatch = new RedisWatch(),
  gathers = false,
): RedisClient {
  const link = watch.open(purpose, log);
  const options: RedisOptions = {
    enableOfflineQueue: false,
    enableAutoPipelining: gathers && !config.cluster,
    // A command is never sent again automatically: it may have run, and the caller decides.
    maxRetriesPerRequest: 0,
    autoResendUnfulfilledCommands: false,
    commandTimeout: config.commandTimeoutMs,
    connectTimeout: config.commandTimeoutMs,
    retryStrategy: retryDelayMs,
    connectionName: purpose,
    // Only for `CLIENT LIST`, and one more command that would need a permission.
    disableClientInfo: true,
  };
  const client = config.cluster
    ? new Cluster([...config.urls], {
        redisOptions: { ...options, ...link.nodeOptions, ...credentials(config) },
        enableOfflineQueue: false,
        clusterRetryStrategy: retryDelayMs,
        // Otherwise a command would be sent again when its connection breaks.
        retryDelayOnFailover: 0,
      })
    : openServer(config, link, options);
  link.attach(client);
  checkConnection(client, link, { timeoutMs: config.commandTimeoutMs, receives: false });
  if (client instanceof Cluster) {
    connectEarly(client);
    followSlots(client);
  }
  return client;
}

/**
 * Connects to all nodes early: a node that is only connected by its first command refuses the second one until it is
 * connected. Waits until the cluster is ready: the query for its state goes to any node, and must not be refused.
 */
function connectEarly(cluster: Cluster): void {
  const connect = (node: Redis): void => {
    if (cluster.status === 'ready' && node.status === 'wait') node.connect().catch(() => undefined);
  };
  cluster.on('ready', () => cluster.nodes().forEach(connect));
  cluster.on('+node', connect);
}

/**
 * Detects that other servers own the slots of a silent server. The library's own interval can outlive the connection.
 */
function followSlots(cluster: Cluster): void {
  const refresh = setInterval(() => {
    if (cluster.status === 'ready') cluster.refreshSlotsCache();
  }, SLOTS_REFRESH_MS).unref();
  cluster.once('end', () => clearInterval(refresh));
}

/** Nodes that a cluster announces come without user, password and TLS: those of the seed nodes apply to all. */
function credentials({ urls: [seed = ''], tls }: RedisConfig): RedisOptions {
  const { protocol, username, password } = new URL(seed);
  return {
    ...(username === '' ? {} : { username: decodeURIComponent(username) }),
    ...(password === '' ? {} : { password: decodeURIComponent(password) }),
    // Without a server name: each node has its own.
    ...(protocol === 'rediss:' ? { tls: { ...tls } } : {}),
  };
}
