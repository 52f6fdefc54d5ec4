import { freePort, startRedis, startRedisCluster } from '@chorus/local';
import {
  closeAfterEach,
  makeTestCertificates,
  patiently,
  silentLog,
  type TestCertificates,
  testRedis,
  until,
} from '@chorus/testing';
import { expect } from 'chai';
import { createSubscriber } from '../pubsub/create-subscriber.js';
import type { RedisConfig } from './client.js';
import { createRedis } from './create-redis.js';
import { redisReady } from './ready.js';
import { readRedisTls } from './tls.js';
import { RedisWatch } from './watch.js';

describe('a connection to Redis with TLS', function () {
  this.timeout(60_000);
  const closer = closeAfterEach();
  let certificates: TestCertificates;

  before(async () => {
    await testRedis();
    certificates = await makeTestCertificates();
  });
  after(() => certificates.close());

  const serverArgs = (pair = certificates.server): string[] => [
    ...['--tls-cert-file', pair.cert, '--tls-key-file', pair.key, '--tls-ca-cert-file', certificates.ca],
  ];
  const files = (ca?: string) => ({
    REDIS_CERT_FILE: certificates.client.cert,
    REDIS_KEY_FILE: certificates.client.key,
    ...(ca === undefined ? {} : { REDIS_CA_FILE: ca }),
  });

  /** A Redis with a TLS port only; its URL by that name. */
  async function start(host = 'localhost', pair = certificates.server, more: string[] = []): Promise<string> {
    const port = await freePort();
    const args = ['--port', '0', '--tls-port', String(port), ...serverArgs(pair), ...more];
    closer().add(await startRedis({ args }));
    return `rediss://${host}:${port}`;
  }

  const config = (url: string, settings = {}): RedisConfig => ({
    urls: [url],
    cluster: false,
    commandTimeoutMs: 2_000,
    tls: readRedisTls(settings, true),
  });

  /** What is published arrives: commands and deliveries have connections of their own. */
  async function expectDelivery(redis: RedisConfig): Promise<void> {
    const commands = createRedis(redis, silentLog, 'commands');
    closer().defer(() => commands.disconnect());
    await redisReady(commands, patiently(5_000));
    const received: string[] = [];
    const subscriber = createSubscriber(commands, {
      purpose: 'subscriber',
      server: redis,
      timeoutMs: 2_000,
      onMessage: (channel: string) => received.push(channel),
      onResumed: () => undefined,
      watch: new RedisWatch(),
      log: silentLog,
    });
    closer().defer(() => subscriber.close());
    // Many enough that each server of a cluster has some.
    const channels = Array.from({ length: redis.cluster ? 64 : 1 }, (_, n) => `{${n}}`);
    for (const channel of channels) {
      await subscriber.subscribe(channel);
      await (redis.cluster ? commands.spublish(channel, 'x') : commands.publish(channel, 'x'));
    }
    await until('all of them', () => received.length === channels.length);
    expect(received).to.have.members(channels);
  }

  /** Why there is no connection. */
  async function trouble(redis: RedisConfig): Promise<string> {
    const watch = new RedisWatch();
    const client = createRedis(redis, silentLog, 'test', watch);
    const errors: string[] = [];
    client.on('error', (error: Error) => errors.push(error.message));
    try {
      await until('an error', () => errors.length > 0 || client.status === 'ready');
      return client.status === 'ready' ? 'connected' : `${watch.trouble()}: ${errors[0]}`;
    } finally {
      client.disconnect();
    }
  }

  it('is made with a CA of one’s own and a client certificate', async () => {
    const url = await start();
    await expectDelivery(config(url, files(certificates.ca)));
    expect(await trouble(config(url, { REDIS_CA_FILE: certificates.ca }))).to.not.equal('connected');
  });

  it('is not made to a server of another CA or another name', async () => {
    const open = ['--tls-auth-clients', 'no'];
    const own = await start('127.0.0.1', certificates.server, open);
    expect(await trouble(config(own, { REDIS_CA_FILE: certificates.ca }))).to.equal('connected');
    expect(await trouble(config(own, { REDIS_CA_FILE: certificates.otherCa }))).to.match(/certificate/);
    expect(await trouble(config(own))).to.match(/certificate/);
    const elsewhere = await start('localhost', certificates.elsewhere, open);
    expect(await trouble(config(elsewhere, { REDIS_CA_FILE: certificates.ca }))).to.match(/altnames/);
  });

  it('is made to every node of a Redis Cluster', async () => {
    const { urls } = closer().add(await startRedisCluster({ tlsArgs: serverArgs() }));
    const tls = readRedisTls(files(certificates.ca), true);
    await expectDelivery({ urls, cluster: true, commandTimeoutMs: 2_000, tls });
  });
});
