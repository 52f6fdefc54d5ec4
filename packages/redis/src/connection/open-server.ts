import { Redis, type RedisOptions } from 'ioredis';
import type { RedisConfig, ServerAddress } from './client.js';
import { checkedConnector } from './connector.js';
import type { RedisLink } from './link.js';
import { Sentinels } from './sentinels.js';
import { redisTlsOptions } from './tls.js';

/** Interval at which Sentinels are asked whether another server is the primary, in milliseconds. Part of the two seconds of a failover. */
const FOLLOW_MS = 1_000;

/** Opens a connection to a server of a Redis Cluster, whether or not it is a replica. */
export function openNode(
  { urls: [url = ''], tls }: Pick<RedisConfig, 'urls' | 'tls'>,
  link: RedisLink,
  options: RedisOptions,
): Redis {
  return new Redis(url, { ...options, ...redisTlsOptions(url, tls), ...link.nodeOptions });
}

/** Opens a connection to one server: that of the URL, or the one that Sentinels name as primary, also after a failover. */
export function openServer(
  { urls: [url = ''], tls, sentinel }: Pick<RedisConfig, 'urls' | 'tls' | 'sentinel'>,
  link: RedisLink,
  options: RedisOptions,
): Redis {
  const sentinels = sentinel && new Sentinels(sentinel);
  let located: ServerAddress | undefined;
  const locate =
    sentinels &&
    (async () => {
      located = await sentinels.primary();
      return located;
    });
  const client = new Redis(url, {
    ...options,
    ...redisTlsOptions(url, tls),
    ...link.nodeOptions,
    Connector: checkedConnector(link, locate),
  });
  if (sentinels === undefined) return client;

  let asking = false;
  const follow = async (): Promise<void> => {
    const connectedTo = located;
    const { host, port } = await sentinels.primary();
    const isAnother = host !== connectedTo?.host || port !== connectedTo.port;
    if (isAnother && connectedTo === located && client.status === 'ready') client.disconnect(true);
  };
  const followUnlessAsking = (): void => {
    if (asking || client.status !== 'ready') return;
    asking = true;
    // A primary that works stays in use while no Sentinel answers.
    void follow()
      .catch(() => undefined)
      .finally(() => {
        asking = false;
      });
  };
  const following = setInterval(followUnlessAsking, FOLLOW_MS).unref();
  // A server that was stopped may accept a connection long after it was asked for.
  client.on('ready', followUnlessAsking);
  client.once('end', () => {
    clearInterval(following);
    sentinels.close();
  });
  return client;
}
