import { randomBytes } from 'node:crypto';
import { Redis } from 'ioredis';

/** Commands that Chorus sends to Redis for one purpose. */
export interface RedisCommandGroup {
  readonly purpose: string;
  /** Only with a Redis Cluster, or only without one; undefined for both. */
  readonly where?: 'cluster' | 'single';
  readonly commands: readonly string[];
}

/**
 * Every command that Chorus sends, including those of scripts. `docs/how-to/postgresql-and-redis.md` is generated
 * from this list, and the suites of the broker, presence, control and a whole cluster run as a user with no other
 * permissions.
 */
export const REDIS_COMMANDS: readonly RedisCommandGroup[] = [
  {
    purpose: 'connections: what the server is and does, and a name in `CLIENT LIST`',
    commands: ['ping', 'info', 'client|setname'],
  },
  { purpose: 'the database of the URL', where: 'single', commands: ['select'] },
  { purpose: 'replicas, with `REDIS_WAIT_REPLICAS`', where: 'single', commands: ['wait'] },
  {
    purpose: 'nodes and slots of a Redis Cluster',
    where: 'cluster',
    commands: ['cluster|info', 'cluster|slots', 'readonly', 'asking'],
  },
  { purpose: 'scripts and transactions', commands: ['eval', 'evalsha', 'multi', 'exec', 'time'] },
  {
    purpose: 'channels',
    where: 'single',
    commands: ['publish', 'subscribe', 'unsubscribe', 'pubsub|numsub'],
  },
  {
    purpose: 'sharded channels',
    where: 'cluster',
    commands: ['spublish', 'ssubscribe', 'sunsubscribe', 'pubsub|shardnumsub'],
  },
  {
    purpose: 'streams of rooms and of presence',
    commands: ['xadd', 'xrange', 'xrevrange', 'xtrim', 'xdel', 'xlen', 'xsetid', 'xinfo|stream'],
  },
  {
    purpose: 'hashes',
    commands: [
      'hget',
      'hgetall',
      'hmget',
      'hset',
      'hsetnx',
      'hrandfield',
      'hdel',
      'hexists',
      'hincrby',
      'hkeys',
      'hlen',
      'hscan',
    ],
  },
  {
    purpose: 'sorted sets',
    commands: ['zadd', 'zrem', 'zscore', 'zmscore', 'zcard', 'zrange', 'zrangebyscore', 'zremrangebyscore'],
  },
  {
    purpose: 'other keys',
    commands: ['get', 'set', 'del', 'exists', 'incrby', 'expire', 'expireat', 'pexpire', 'pttl'],
  },
];

/** Returns the commands for a Redis Cluster, or for a single server. */
export function redisCommands(cluster: boolean): string[] {
  const other = cluster ? 'single' : 'cluster';
  return REDIS_COMMANDS.filter(({ where }) => where !== other).flatMap(({ commands }) => commands);
}

/**
 * Returns the rules of an ACL user of Redis with exactly the permissions that Chorus needs, for keys and channels of
 * one prefix.
 */
export function redisAclRules(prefix: string, cluster: boolean): string[] {
  const names = [`${prefix}:*`, `{${prefix}:*}:*`];
  return [
    ...names.map((name) => `~${name}`),
    ...names.map((name) => `&${name}`),
    '-@all',
    ...redisCommands(cluster).map((command) => `+${command}`),
  ];
}

/**
 * Creates such a user on each server.
 *
 * @param urls URLs of all servers, with a user who may create users; several mean a Redis Cluster
 * @param prefix prefix of keys and channels, with `*` for any characters
 * @param without commands to leave out
 * @returns the URLs with the new user
 */
export async function addRedisUser(
  urls: readonly string[],
  prefix: string,
  without: readonly string[] = [],
): Promise<string[]> {
  const [name, password] = [`chorus-${randomBytes(4).toString('hex')}`, randomBytes(12).toString('hex')];
  const rules = redisAclRules(prefix, urls.length > 1).filter((rule) => !without.includes(rule.slice(1)));
  for (const url of urls) {
    const admin = new Redis(url);
    try {
      await admin.call('ACL', 'SETUSER', name, 'reset', 'on', `>${password}`, ...rules);
    } finally {
      admin.disconnect();
    }
  }
  return urls.map((text) => {
    const url = new URL(text);
    url.username = name;
    url.password = password;
    return url.href;
  });
}
