import { type LocalRedisSentinel, startRedisSentinel } from '@chorus/local';
import {
  closeAfterEach,
  eventually,
  failure,
  patiently,
  recordedLog,
  testRedis,
  until,
} from '@chorus/testing';
import { expect } from 'chai';
import { Redis } from 'ioredis';
import { createSubscriber } from '../pubsub/create-subscriber.js';
import { redisConfig } from '../settings.js';
import type { RedisClient, RedisConfig } from './client.js';
import { createRedis } from './create-redis.js';
import { redisReady } from './ready.js';
import { RedisWatch } from './watch.js';

describe('a Redis with Sentinels', function () {
  this.timeout(60_000);
  const closer = closeAfterEach();

  before(() => testRedis());

  const config = (url: string, more: { REDIS_SENTINEL_PASSWORD?: string } = {}): RedisConfig =>
    redisConfig({
      REDIS_URL: [url],
      REDIS_TIMEOUT_MS: 1_000,
      BROKER_SHARDED: false,
      REDIS_WAIT_REPLICAS: 0,
      ...more,
    });

  function open(settings: RedisConfig) {
    const { log, about } = recordedLog('warn');
    const watch = new RedisWatch();
    const client: RedisClient = createRedis(settings, log, 'commands', watch);
    closer().defer(() => client.disconnect());
    let received = 0;
    const subscriber = createSubscriber(client, {
      purpose: 'subscriber',
      server: settings,
      timeoutMs: 1_000,
      onMessage: () => received++,
      onResumed: () => undefined,
      watch,
      log,
    });
    closer().defer(() => subscriber.close());
    /** Whether what is published through one connection arrives at the other. */
    const flows = async (): Promise<void> => {
      const before = received;
      await client.publish('chorus:test', 'x');
      await eventually(() => expect(received).to.be.above(before), 300);
    };
    return { client, subscriber, watch, about, flows };
  }

  const start = async (options?: Parameters<typeof startRedisSentinel>[0]): Promise<LocalRedisSentinel> =>
    closer().add(await startRedisSentinel(options));

  it('is found through its Sentinels, with passwords of their own for both', async () => {
    const secrets = { password: 'of-servers', sentinelPassword: 'of-sentinels' };
    const { url } = await start(secrets);
    const { client, subscriber, flows } = open(
      config(url, { REDIS_SENTINEL_PASSWORD: secrets.sentinelPassword }),
    );
    await redisReady(client, patiently(5_000));
    await subscriber.subscribe('chorus:test');
    await flows();

    const refused = open(config(url));
    await failure(redisReady(refused.client, 1_500));
    expect(refused.watch.trouble()).to.equal('cannot be reached (SENTINEL)');
    expect(JSON.stringify(refused.about('no Sentinel names a primary'))).to.include('NOAUTH');
  });

  for (const signal of ['SIGKILL', 'SIGSTOP'] as const) {
    it(`is followed to another primary after ${signal}, with its subscriptions`, async () => {
      const { url, servers } = await start();
      const { client, subscriber, flows } = open(config(url));
      await redisReady(client, patiently(5_000));
      await subscriber.subscribe('chorus:test');
      await flows();
      servers[0]?.kill(signal);
      await eventually(flows, 30_000);
      // The server before becomes a replica when it is back, and is not used again.
      if (signal === 'SIGSTOP') servers[0]?.kill('SIGCONT');
      for (let n = 0; n < 5; n++) await eventually(flows);
      expect(await client.info('replication')).to.include('role:master');
    });
  }

  it('is followed although the primary before goes on, and although one Sentinel has not heard of it', async () => {
    const { url, servers, sentinels } = await start();
    const { client, subscriber, flows } = open(config(url));
    await redisReady(client, patiently(5_000));
    await subscriber.subscribe('chorus:test');
    // It names the server before as soon as it goes on.
    sentinels[0]?.kill('SIGSTOP');
    servers[0]?.kill('SIGSTOP');
    const sentinel = new Redis(sentinels[1]?.url ?? '');
    closer().defer(() => sentinel.disconnect());
    await until('another primary', async () => {
      const reply = await sentinel.call('SENTINEL', 'GET-MASTER-ADDR-BY-NAME', 'chorus');
      return JSON.stringify(reply) === JSON.stringify(['127.0.0.1', String(servers[1]?.port)]);
    });
    for (const stopped of [servers[0], sentinels[0]]) stopped?.kill('SIGCONT');
    // A connection that was being made to the server before may be ready for a moment.
    await eventually(async () =>
      expect(await client.info('server')).to.include(`tcp_port:${servers[1]?.port}`),
    );
    await eventually(flows);
    expect(await client.info('server')).to.include(`tcp_port:${servers[1]?.port}`);
  });

  it('is found while a Sentinel hangs for longer than the server may', async () => {
    const { url, sentinels } = await start();
    sentinels[2]?.kill('SIGSTOP');
    // On a busy machine the server itself is too slow in some attempts.
    await eventually(async () => {
      const { client, watch } = open({ ...config(url), commandTimeoutMs: 70 });
      await redisReady(client, patiently(5_000));
      expect(watch.errors.commands).to.equal(0);
    });
    sentinels[2]?.kill('SIGCONT');
  });

  it('is used on while no Sentinel answers', async () => {
    const { url, sentinels } = await start();
    const { client, subscriber, watch, flows } = open(config(url));
    await redisReady(client, patiently(5_000));
    await subscriber.subscribe('chorus:test');
    await Promise.all(sentinels.map((sentinel) => sentinel.close()));
    await new Promise((resolve) => setTimeout(resolve, 2_500));
    await flows();
    expect(watch.errors).to.deep.equal({ commands: 0, subscriber: 0 });
  });

  it('is waited for, by a name that the Sentinels do not know yet', async () => {
    const { url } = await start();
    const { client, watch, about } = open(config(url.replace(/\/chorus$/, '/other')));
    await failure(redisReady(client, 1_000));
    expect(watch.trouble()).to.equal('cannot be reached (SENTINEL)');
    expect(JSON.stringify(about('no Sentinel names a primary'))).to.include('No such master with that name');
  });
});
