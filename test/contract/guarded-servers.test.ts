import { addRedisUser, startRedis } from '@chorus/local';
import { Closer } from '@chorus/service';
import { ensureTestRedis, startTestPgbouncer, testDatabase } from '@chorus/testing';
import { expect } from 'chai';
import { startTestCluster } from '../support/servers/cluster.js';
import { redisRefusals } from '../support/servers/redis-refusals.js';
import { describeContract } from './contract.js';

/**
 * Everything works as docs/how-to/postgresql-and-redis.md says: PostgreSQL behind PgBouncer with its defaults and in a schema of its own, Redis
 * as a user who may do nothing but what is listed there.
 */
describeContract('a cluster with a pooler, a schema and few rights', async (env) => {
  await ensureTestRedis();
  const closer = new Closer();
  const redis = closer.add(await startRedis());
  const database = await testDatabase();
  const pooler = closer.add(await startTestPgbouncer(database));
  const [redisUrl = ''] = await addRedisUser([redis.url], 'test-*');
  const servers = { DATABASE_URL: `${pooler.through(database)}?schema=chat`, REDIS_URL: redisUrl };
  const size = { gateways: 1, apis: 1, archivers: env.AUTH === 'open' ? 0 : 1 };
  const cluster = await startTestCluster({ ...size, env: { ...servers, ...env } });
  const close = async (): Promise<void> => {
    await cluster.close();
    const refused = await redisRefusals(redis.url);
    await closer.close();
    expect(refused, 'what Redis refused').to.deep.equal([]);
  };
  return { url: cluster.url, close };
});
