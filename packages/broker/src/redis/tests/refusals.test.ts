import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type LocalServer, startRedis } from '@chorus/local';
import { createRedis, RedisWatch, redisReady, UnavailableError } from '@chorus/redis';
import { redisAt } from '@chorus/redis/testing';
import { ConfigError } from '@chorus/service';
import { closeAfterEach, ensureTestRedis, failure, recordedLog, silentLog, until } from '@chorus/testing';
import { expect } from 'chai';
import { Redis } from 'ioredis';
import type { Broker } from '../../broker.js';
import { RedisProxy } from '../../testing/proxy.js';
import { someRoom } from '../../testing/recorder.js';
import { makeRedisFixture, testOptions } from '../../testing/redis-fixture.js';
import { RedisBroker } from '../broker.js';

describe('a Redis that answers and refuses its work', function () {
  this.timeout(20_000);
  const closer = closeAfterEach();
  let dir: string;
  let server: LocalServer;
  let admin: Redis;
  let watch: RedisWatch;
  let broker: Broker;
  const roomId = someRoom();

  before(ensureTestRedis);

  beforeEach(async () => {
    dir = await mkdtemp(join(tmpdir(), 'chorus-test-'));
    closer().defer(() => rm(dir, { recursive: true, force: true }));
    const args = ['--appendonly', 'no', '--save', '3600 1000000', '--stop-writes-on-bgsave-error', 'yes'];
    server = closer().add(await startRedis({ dir, args }));
    // One test ends the server.
    admin = new Redis(server.url).on('error', () => {});
    closer().defer(() => admin.disconnect());
    watch = new RedisWatch();
    const url = new URL(server.url);
    [url.username, url.password] = ['chat', 'secret'];
    await admin.acl('SETUSER', 'chat', 'on', '>secret', '~*', '&*', '+@all');
    const redis = redisAt(url.href, 1_000);
    const options = { ...testOptions(redis), probeIntervalMs: 100, watch };
    const fixture = closer().add(await makeRedisFixture(options));
    await fixture.directory().ensure(roomId, 0);
    broker = closer().add(await RedisBroker.connect(options));
    await broker.publish(roomId, '"a":1}');
  });

  const refused = async (trouble: string): Promise<void> => {
    await until(trouble, () => broker.trouble === trouble);
    expect(broker.connected).to.equal(false);
    expect(await failure(broker.publish(roomId, '"a":1}'))).to.be.instanceOf(UnavailableError);
  };

  const accepted = async (): Promise<void> => {
    await until('the end of all trouble', () => broker.connected);
    await broker.publish(roomId, '"a":1}');
  };

  it('is detected when it cannot save its data', async () => {
    await rm(dir, { recursive: true, force: true });
    await admin.bgsave();
    await refused('refuses writes (MISCONF)');
    expect(watch.refusals.MISCONF).to.be.above(0);
    await admin.config('SET', 'stop-writes-on-bgsave-error', 'no');
    await accepted();
  });

  it('is detected when it has too few replicas', async () => {
    await admin.config('SET', 'min-replicas-to-write', '1');
    await refused('refuses writes (NOREPLICAS)');
    await admin.config('SET', 'min-replicas-to-write', '0');
    await accepted();
  });

  it('is detected when its memory is full', async () => {
    await admin.config('SET', 'maxmemory', '1');
    await refused('refuses writes (OOM)');
    await admin.config('SET', 'maxmemory', '0');
    await accepted();
  });

  it('is detected when the user may not run a command of a script', async () => {
    await admin.acl('SETUSER', 'chat', '-xadd');
    await refused('refuses commands (NOPERM)');
    await admin.acl('SETUSER', 'chat', '+xadd');
    await accepted();
  });

  it('is detected when the user may not publish', async () => {
    await admin.acl('SETUSER', 'chat', 'resetchannels');
    await refused('refuses commands (NOPERM)');
    await admin.acl('SETUSER', 'chat', '&*');
    await accepted();
  });

  it('is detected by a message when no probe can detect it', async () => {
    await admin.acl('SETUSER', 'chat', '-hincrby');
    expect(await failure(broker.publish(roomId, '"a":1}'))).to.be.instanceOf(UnavailableError);
    expect(broker.trouble).to.equal('refuses commands (NOPERM)');
    await admin.acl('SETUSER', 'chat', '+hincrby');
    await accepted();
  });

  it('refuses the number of a database that it does not have', async () => {
    const redis = redisAt(`${server.url}/20`, 1_000);
    const client = createRedis(redis, silentLog, 'out of range', watch);
    closer().defer(() => client.disconnect());
    const error = await failure(redisReady(client, 5_000));
    expect(error).to.be.instanceOf(ConfigError);
    expect(String(error)).to.match(/REDIS_URL is not valid: .*out of range/);
    expect(watch.trouble('out of range')).to.equal('does not have the database of REDIS_URL');
    // The broker does not work in another database either while it retries.
    expect(await failure(client.set('key', 'value'))).to.be.instanceOf(Error);
    expect(await failure(RedisBroker.connect(testOptions(redis)))).to.be.instanceOf(ConfigError);
    expect(await admin.dbsize()).to.be.below(10);
    expect(await admin.exists('key')).to.equal(0);
  });

  it('logs each reason of an outage once', async () => {
    const { log, about } = recordedLog('warn');
    await admin.acl('SETUSER', 'chat', 'resetpass', '>other');
    const url = new URL(server.url);
    [url.username, url.password] = ['chat', 'wrong'];
    const redis = redisAt(url.href, 1_000);
    const client = createRedis(redis, log, 'denied', watch);
    closer().defer(() => client.disconnect());
    await until('attempts', () => (watch.errors.denied ?? 0) > 5);
    expect(watch.trouble('denied')).to.equal('cannot be reached (WRONGPASS)');
    expect(about('WRONGPASS')).to.have.length(1);
    server.kill('SIGKILL');
    await server.exited;
    await until('the other reason', () => about('ECONNREFUSED').length > 0);
    expect(watch.trouble('denied')).to.equal('cannot be reached (ECONNREFUSED)');
  });

  it('is left for another server if it does not stop loading', async () => {
    const loading = createServer((socket) => {
      socket.on('error', () => {});
      socket.on('data', (data) => {
        for (const command of data.toString().matchAll(/\*\d+\r\n\$\d+\r\n(\w+)/g)) {
          const info = 'loading:1\r\nloading_eta_seconds:600\r\n';
          socket.write(command[1] === 'info' ? `$${info.length}\r\n${info}\r\n` : '+OK\r\n');
        }
      });
    });
    loading.listen(0, '127.0.0.1');
    await once(loading, 'listening');
    closer().defer(() => loading.close());
    const address = loading.address();
    const proxy = closer().add(
      await RedisProxy.start(typeof address === 'object' ? (address?.port ?? 0) : 0),
    );
    const redis = redisAt(proxy.url, 500);
    const client = createRedis(redis, silentLog, 'loading', watch);
    closer().defer(() => client.disconnect());
    await until('a handshake', () => client.status === 'connect');
    proxy.moveTo(server.port);
    await redisReady(client, 10_000);
    expect(await client.ping()).to.equal('PONG');
  });
});
