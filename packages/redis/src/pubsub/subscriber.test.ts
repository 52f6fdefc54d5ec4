import { setTimeout as sleep } from 'node:timers/promises';
import { freePort, startRedis } from '@chorus/local';
import { closeAfterEach, ensureTestRedis, eventually, patiently, silentLog } from '@chorus/testing';
import { expect } from 'chai';
import { Redis } from 'ioredis';
import { RedisWatch } from '../connection/watch.js';
import { RedisSubscriber } from './subscriber.js';

const TIMEOUT_MS = patiently(4_000);

describe('a subscription of one channel by two callers', function () {
  this.timeout(60_000);

  const closer = closeAfterEach();
  before(() => ensureTestRedis());

  it('is kept for the second one although the first one did not wait long enough', async () => {
    const port = await freePort();
    const url = `redis://127.0.0.1:${port}`;
    const heard: string[] = [];
    const subscriber = new RedisSubscriber({
      purpose: 'test',
      server: { urls: [url] },
      sharded: false,
      timeoutMs: TIMEOUT_MS,
      watch: new RedisWatch(),
      onMessage: (_, payload) => heard.push(payload.toString()),
      onResumed: () => undefined,
      log: silentLog,
    });
    closer().defer(async () => subscriber.close());
    // Both wait for the first connection.
    const first = subscriber.subscribe('channel').then(() => 'subscribed', String);
    await sleep(TIMEOUT_MS * 0.75);
    const second = subscriber.subscribe('channel');
    expect(await first).to.include('timed out');
    closer().add(await startRedis({ port }));
    await second;
    const redis = new Redis(url);
    closer().defer(async () => redis.disconnect());
    await redis.publish('channel', 'hello');
    await eventually(() => expect(heard).to.deep.equal(['hello']));
  });
});
