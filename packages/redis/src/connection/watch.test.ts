import { type LocalServer, startRedis } from '@chorus/local';
import { createMetrics } from '@chorus/service';
import { closeAfterEach, ensureTestRedis, patiently, silentLog, until } from '@chorus/testing';
import { expect } from 'chai';
import { addRedisMetrics } from '../metrics.js';
import { RedisSubscriber } from '../pubsub/subscriber.js';
import { createRedis } from './create-redis.js';
import { redisReady } from './ready.js';
import { RedisWatch } from './watch.js';

describe('the watch over connections to Redis', function () {
  this.timeout(30_000);
  const closer = closeAfterEach();

  before(ensureTestRedis);

  it('says of each purpose whether it is connected, and counts what failed', async () => {
    let server: LocalServer = closer().add(await startRedis());
    const redis = { urls: [server.url], cluster: false, commandTimeoutMs: 1_000 };
    const watch = new RedisWatch();
    const metrics = createMetrics({ service: 'test', version: '1', nodeId: 'n' });
    addRedisMetrics(metrics, watch);
    const commands = createRedis(redis, silentLog, 'commands', watch);
    const subscriber = new RedisSubscriber({
      purpose: 'subscriber',
      server: redis,
      sharded: false,
      timeoutMs: 1_000,
      onMessage: () => undefined,
      onResumed: () => undefined,
      watch,
      log: silentLog,
    });
    const close = (): void => {
      commands.disconnect();
      subscriber.close();
    };
    closer().defer(close);
    await redisReady(commands, patiently(5_000));
    await subscriber.subscribe('channel');
    expect(watch.connected).to.deep.equal({ commands: 1, subscriber: 1 });
    expect(watch.errors).to.deep.equal({ commands: 0, subscriber: 0 });

    server.kill('SIGKILL');
    await server.exited;
    await until('the loss', () => Object.values(watch.connected).every((state) => state === 0));
    await until('attempts that fail', () => Object.values(watch.errors).every((count) => count > 2));
    expect(await metrics.text()).to.match(/^chorus_redis_connected\{purpose="subscriber"\} 0$/m);

    server = closer().add(await startRedis({ port: server.port }));
    await until('the return', () => Object.values(watch.connected).every((state) => state === 1));
    expect(await metrics.text()).to.match(/^chorus_redis_errors_total\{purpose="commands"\} [1-9]/m);

    close();
    await until('the end', () => Object.values(watch.connected).every((state) => state === 0));
  });
});
