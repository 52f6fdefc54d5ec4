import { startRedisSentinel } from '@chorus/local';
import { closeAfterEach, eventually, patiently, silentLog, testRedis, until } from '@chorus/testing';
import { expect } from 'chai';
import { Redis } from 'ioredis';
import { redisConfig } from '../settings.js';
import { createRedis } from './create-redis.js';
import { redisReady } from './ready.js';
import { RedisWatch } from './watch.js';

describe('the connections of a process to the primary that Sentinels name', function () {
  this.timeout(60_000);
  const closer = closeAfterEach();

  before(() => testRedis());

  /**
   * One process with several connections, to a primary with a replica and three Sentinels.
   * @param others ports of more Sentinels
   */
  const start = async (others: readonly number[] = []) => {
    const { servers, sentinels, url: own } = closer().add(await startRedisSentinel());
    const [former, next] = servers;
    if (former === undefined || next === undefined) throw new Error('there is no replica');
    const url = own.replace('://', `://${others.map((port) => `127.0.0.1:${port},`).join('')}`);
    const watch = new RedisWatch();
    const config = redisConfig({
      ...{ REDIS_URL: [url], REDIS_TIMEOUT_MS: 1_000, BROKER_SHARDED: false, REDIS_WAIT_REPLICAS: 0 },
    });
    /** @param onReady called with the port of the server */
    const open = async (purpose: string, onReady: (port: number) => void): Promise<Redis> => {
      const client = createRedis(config, silentLog, purpose, watch);
      closer().defer(() => client.disconnect());
      if (!(client instanceof Redis)) throw new Error('this is a Redis Cluster');
      client.on('ready', () => onReady(client.stream.remotePort ?? 0));
      await redisReady(client, patiently(5_000));
      return client;
    };
    const admin = new Redis(sentinels[1]?.url ?? '', { enableReadyCheck: false });
    closer().defer(() => admin.disconnect());
    const named = async (): Promise<boolean> => {
      const reply = await admin.call('SENTINEL', 'GET-MASTER-ADDR-BY-NAME', 'chorus');
      return Array.isArray(reply) && Number(reply[1]) === next.port;
    };
    return { former, next, sentinels, open, named, admin };
  };

  const portOf = ({ status, stream }: Redis): number | undefined =>
    status === 'ready' && !stream.destroyed ? stream.remotePort : undefined;

  it('are never ready at a former primary that goes on, although it accepted them before it was replaced', async () => {
    const { former, next, open, named } = await start();
    const ports: number[] = [];
    const clients: Redis[] = [];
    for (const purpose of ['one', 'two', 'three', 'four']) {
      clients.push(await open(purpose, (port) => ports.push(port)));
    }
    former.kill('SIGSTOP');
    // Connections to a stopped server are accepted by its machine.
    for (const client of clients) client.disconnect(true);
    await until('the next primary', named);
    ports.length = 0;
    former.kill('SIGCONT');
    await eventually(() => expect(clients.map(portOf)).to.deep.equal(clients.map(() => next.port)));
    expect(new Set(ports)).to.deep.equal(new Set([next.port]));
  });

  it('change servers together', async () => {
    const { next, open, named, admin } = await start();
    const clients: Redis[] = [];
    const elsewhere: string[] = [];
    for (const purpose of ['one', 'two', 'three', 'four']) {
      const client = await open(purpose, (port) => {
        for (const other of clients) {
          const at = portOf(other);
          if (at !== undefined && at !== port) elsewhere.push(`${purpose}: ${port}, another: ${at}`);
        }
      });
      clients.push(client);
      // Connections of one moment would ask at the same times.
      await new Promise((resolve) => setTimeout(resolve, 130));
    }
    await admin.call('SENTINEL', 'FAILOVER', 'chorus');
    await until('the next primary', named);
    await eventually(() => expect(clients.map(portOf)).to.deep.equal(clients.map(() => next.port)));
    expect(elsewhere).to.deep.equal([]);
  });

  it('stay at the newest primary while only a Sentinel with an older configuration answers', async () => {
    // Knows nothing of the others, as if it had been cut off from them.
    const alone = closer().add(await startRedisSentinel({ replicas: 0, sentinels: 1 }));
    const { next, sentinels, open, named, admin } = await start(alone.sentinels.map(({ port }) => port));
    const ports: number[] = [];
    const client = await open('one', (port) => ports.push(port));
    await admin.call('SENTINEL', 'FAILOVER', 'chorus');
    await until('the next primary', named);
    await eventually(() => expect(portOf(client)).to.equal(next.port));
    for (const sentinel of sentinels) sentinel.kill('SIGSTOP');
    ports.length = 0;
    client.disconnect(true);
    await eventually(() => expect(ports).to.have.length.above(0));
    // Several times the interval at which Sentinels are asked.
    await new Promise((resolve) => setTimeout(resolve, 2_000));
    for (const sentinel of sentinels) sentinel.kill('SIGCONT');
    expect(new Set(ports)).to.deep.equal(new Set([next.port]));
    expect(portOf(client)).to.equal(next.port);
  });
});
