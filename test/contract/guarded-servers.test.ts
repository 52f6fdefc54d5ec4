import { addRedisUser, startRedis } from '@chorus/local';
import { Closer } from '@chorus/service';
import { ensureTestRedis, startTestPgbouncer, testDatabase } from '@chorus/testing';
import { expect } from 'chai';
import { startTestCluster } from '../support/servers/cluster.js';
import { redisRefusals } from '../support/servers/redis-refusals.js';
import { describeContract } from './contract.js';

/**
 * The strictest servers that docs/how-to/postgresql-and-redis.md allows: PostgreSQL behind PgBouncer with its defaults and in a schema of its own,
 * Redis as a user with no other rights than those listed there. What works here works on servers without these limits, whose way to PostgreSQL
 * the contract of standalone takes.
 */
describeContract('a cluster of 2 APIs and 3 gateways with a pooler, a schema and few rights', async (env) => {
  await ensureTestRedis();
  const closer = new Closer();
  const redis = closer.add(await startRedis());
  const database = await testDatabase();
  const pooler = closer.add(await startTestPgbouncer(database));
  const [redisUrl = ''] = await addRedisUser([redis.url], 'test-*');
  const servers = { DATABASE_URL: `${pooler.through(database)}?schema=chat`, REDIS_URL: redisUrl };
  const size =
    env.AUTH === 'open' ? { gateways: 1, apis: 1, archivers: 0 } : { gateways: 3, apis: 2, dispatchers: 1 };
  const cluster = await startTestCluster({ ...size, env: { ...servers, ...env } });
  const close = async (): Promise<void> => {
    await cluster.close();
    const refused = await redisRefusals(redis.url);
    await closer.close();
    expect(refused, 'what Redis refused').to.deep.equal([]);
  };
  return { url: cluster.url, operatorUrl: cluster.operatorUrl, close };
});
