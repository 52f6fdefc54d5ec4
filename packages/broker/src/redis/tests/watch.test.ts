import { ensureTestRedis, type LocalServer, startRedis } from '@chorus/local';
import { addRedisMetrics, RedisWatch } from '@chorus/redis';
import { createMetrics } from '@chorus/service';
import { expect } from 'chai';
import { closeAfterEach, eventually } from '../../testing/feeds.js';
import { testOptions } from '../../testing/redis-fixture.js';
import { RedisBroker } from '../broker.js';

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
    const broker = closer().add(await RedisBroker.connect({ ...testOptions(redis), watch }));
    expect(watch.connected).to.deep.equal({ broker: 1, 'broker-subscriber': 1 });
    expect(watch.errors).to.deep.equal({ broker: 0, 'broker-subscriber': 0 });

    server.kill('SIGKILL');
    await server.exited;
    await eventually('the loss', () => Object.values(watch.connected).every((state) => state === 0));
    await eventually('attempts that fail', () => Object.values(watch.errors).every((count) => count > 2));
    expect(await metrics.text()).to.match(/^chorus_redis_connected\{purpose="broker-subscriber"\} 0$/m);

    server = closer().add(await startRedis({ port: server.port }));
    await eventually('the return', () => Object.values(watch.connected).every((state) => state === 1));
    expect(await metrics.text()).to.match(/^chorus_redis_errors_total\{purpose="broker"\} [1-9]/m);

    await broker.close();
    await eventually('the end', () => Object.values(watch.connected).every((state) => state === 0));
  });
});
