import { addRedisUser, type LocalServer, startRedis } from '@chorus/local';
import { closeAfterEach, failure, patiently, recordedLog, testRedis, until } from '@chorus/testing';
import { expect } from 'chai';
import { createRedis } from './create-redis.js';
import { redisReady } from './ready.js';
import { RedisWatch } from './watch.js';

describe('a user of Redis', function () {
  this.timeout(20_000);
  const closer = closeAfterEach();
  let server: LocalServer;

  before(() => testRedis());
  beforeEach(async () => {
    server = closer().add(await startRedis());
  });

  /** A connection as a user who lacks these commands, and what is logged about it. */
  async function connect(without: readonly string[]) {
    const { log, about } = recordedLog('warn');
    const urls = await addRedisUser([server.url], 'chorus', without);
    const watch = new RedisWatch();
    const client = createRedis({ urls, cluster: false, commandTimeoutMs: 2_000 }, log, 'test', watch);
    closer().defer(() => client.disconnect());
    return { client, watch, about };
  }

  it('who may not ask for INFO is told so, once, in a line of the log and by /readyz', async () => {
    const warn = console.warn;
    const printed: unknown[] = [];
    console.warn = (...args: unknown[]) => printed.push(args);
    try {
      const { client, watch, about } = await connect(['info']);
      await failure(redisReady(client, 1_500));
      expect(watch.trouble()).to.equal('does not let this user run INFO');
      const told = about('may not run INFO');
      expect(told).to.have.length(1);
      expect(JSON.stringify(told)).to.include('docs/how-to/postgresql-and-redis.md');
      expect(printed, 'what the library prints by itself').to.deep.equal([]);
    } finally {
      console.warn = warn;
    }
  });

  it('who lacks a command of a script is told where the list is', async () => {
    const { client, watch, about } = await connect(['xadd']);
    await redisReady(client, patiently(5_000));
    await failure(client.eval("return redis.call('XADD', KEYS[1], '*', 'a', '1')", 1, 'chorus:x'));
    await until('the reason', () => watch.trouble() === 'refuses commands (NOPERM)');
    expect(about('docs/how-to/postgresql-and-redis.md')).to.have.length(1);
  });

  it('has no other keys and channels than those of the prefix', async () => {
    const { client } = await connect([]);
    await redisReady(client, patiently(5_000));
    for (const name of ['chorus:x', '{chorus:5}:x']) {
      expect(await client.hset(name, 'a', 1), name).to.equal(1);
      expect(await client.publish(name, 'x'), name).to.equal(0);
    }
    for (const name of ['other:x', 'chorus-2:x', '{chorus-2:5}:x', '{other:5}:x', 'chorus']) {
      expect(String(await failure(client.hset(name, 'a', 1))), name).to.match(/NOPERM/);
      expect(String(await failure(client.publish(name, 'x'))), name).to.match(/NOPERM/);
    }
    for (const call of [
      () => client.flushall(),
      () => client.config('GET', '*'),
      () => client.keys('*'),
      () => client.script('FLUSH'),
      () => client.call('ACL', 'LIST'),
      () => client.call('CLIENT', 'LIST'),
      () => client.flushdb(),
    ]) {
      expect(String(await failure(call()))).to.match(/NOPERM/);
    }
  });
});
