import { freePort } from '@chorus/local';
import { closeAfterEach, failure, patiently, silentLog, type TestRedis, testRedis } from '@chorus/testing';
import { expect } from 'chai';
import { call, callAll, UnavailableError } from './call.js';
import type { RedisClient, RedisConfig } from './connection/client.js';
import { createRedis } from './connection/create-redis.js';
import { redisReady } from './connection/ready.js';

describe('calls to Redis', () => {
  let server: TestRedis;
  const closer = closeAfterEach();

  before(async () => {
    server = await testRedis();
  });
  after(() => server.close());

  const connect = (config: Partial<RedisConfig>): RedisClient => {
    const client = createRedis(
      { urls: [server.url], cluster: false, commandTimeoutMs: 5_000, ...config },
      silentLog,
      'test',
    );
    closer().defer(() => client.disconnect());
    return client;
  };

  it('return replies', async () => {
    const redis = connect({});
    await redisReady(redis, patiently(5_000));
    expect(await call(() => redis.echo('a'))).to.equal('a');
    expect(await callAll(redis, redis.multi().echo('a').echo('b'))).to.deep.equal(['a', 'b']);
  });

  it('fail with one error, whose cause is the failure', async () => {
    const redis = connect({});
    await redisReady(redis, patiently(5_000));
    const wrong = (): Promise<unknown> => redis.call('ECHO');
    const [error, cause] = [await failure(call(wrong)), await failure(wrong())];
    expect(error).to.be.instanceOf(UnavailableError).with.property('cause').deep.equal(cause);
    expect(error).to.have.property('message', (cause as Error).message);
    const transaction = redis.pipeline().echo('a').call('ECHO');
    expect(await failure(callAll(redis, transaction))).to.be.instanceOf(UnavailableError);
  });

  it('keep the error of a store that cannot answer', async () => {
    const error = new UnavailableError('not yet');
    expect(await failure(call(() => Promise.reject(error)))).to.equal(error);
  });

  for (const cluster of [false, true]) {
    it(`fail at once without a connection to ${cluster ? 'a Redis Cluster' : 'Redis'}`, async () => {
      const redis = connect({ urls: [`redis://127.0.0.1:${await freePort()}`], cluster });
      expect(await failure(call(() => redis.echo('a')))).to.be.instanceOf(UnavailableError);
      expect(await failure(callAll(redis, redis.pipeline().echo('a')))).to.be.instanceOf(UnavailableError);
    });
  }
});
