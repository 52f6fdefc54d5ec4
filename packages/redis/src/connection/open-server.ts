import { Redis, type RedisOptions } from 'ioredis';
import type { RedisConfig } from './client.js';
import { checkedConnector } from './connector.js';
import type { RedisLink } from './link.js';
import { redisTlsOptions } from './tls.js';

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
  const primary = sentinel && link.follow(sentinel);
  return new Redis(url, {
    ...options,
    ...redisTlsOptions(url, tls),
    ...link.nodeOptions,
    Connector: checkedConnector(link, primary && (() => primary.locate())),
  });
}
