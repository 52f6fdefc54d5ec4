import { createDatabase, type Database } from '@chorus/database';
import { type LocalServer, startRedis } from '@chorus/local';
import type { RedisClient } from '@chorus/redis';
import { connectRedis, redisAt } from '@chorus/redis/testing';
import { Closer } from '@chorus/service';
import { type Answer, patiently, silentLog, until } from '@chorus/testing';
import { expect } from 'chai';
import { loadApiConfig } from './config.js';
import { createRedisParts } from './redis-parts.js';
import { openDatabase, type RunningApi, startApi } from './testing/api.js';

const PREFIX = 'api-test';

describe('several APIs over one PostgreSQL and one Redis', function () {
  this.timeout(60_000);
  const closer = new Closer();
  let db: Database;
  let redis: LocalServer;
  let admin: RedisClient;
  let apis: RunningApi[];

  const start = async (url: string, env: Record<string, string> = {}): Promise<RunningApi> => {
    // Each API has its own pool, as separate processes do.
    const ownDb = createDatabase(url, { poolSize: 5, timeoutMs: patiently(5_000) });
    closer.defer(() => ownDb.$disconnect());
    const stores = {
      redis: redisAt(redis.url, patiently(1_500)),
      redisPrefix: PREFIX,
      maxBacklogBytes: 268_435_456,
    };
    const parts = await createRedisParts(stores, loadApiConfig(env).rateLimits, silentLog);
    closer.add(parts);
    return closer.add(await startApi(ownDb, env, parts));
  };
  const each = (count: number, ask: (api: RunningApi, index: number) => Promise<Answer>): Promise<Answer[]> =>
    Promise.all(
      Array.from({ length: count }, (_, index) => {
        const api = apis[index % apis.length];
        if (api === undefined) throw new Error('no API');
        return ask(api, index);
      }),
    );
  const statuses = (answers: Answer[]): number[] => answers.map((answer) => answer.status).sort();
  const ready = async (): Promise<boolean> => {
    const answers = await each(apis.length, ({ client }) => client.get('/readyz'));
    return answers.every(({ body }) => body.status === 'ready');
  };
  /** Ready, and no API restores. An API that has marked the mirror complete goes through everything once more. */
  const settled = async (): Promise<boolean> =>
    (await ready()) &&
    apis.every(({ log }) => {
      const last = log.findLast((line) => /restoring all rooms|the gateways know all rooms/.test(line));
      return last === undefined || last.includes('know all rooms');
    });

  before(async () => {
    const opened = await openDatabase();
    db = opened.db;
    closer.defer(() => db.$disconnect());
    redis = closer.add(await startRedis());
    admin = await connectRedis(redisAt(redis.url, 1_000));
    closer.defer(() => admin.disconnect());
    apis = [await start(opened.url), await start(opened.url)];
    await until(settled);
  });
  after(() => closer.close());

  it('admit one of many sign-ups with one e-mail address', async () => {
    const answers = await each(20, ({ client }, index) => {
      const email = index % 3 === 0 ? 'Race@Example.com' : 'race@example.com';
      return client.post('/api/users/signup', { username: `racer${index}`, email, password: 'rahasia' });
    });
    expect(statuses(answers)).to.deep.equal([200, ...Array(19).fill(409)]);
    const errors = answers.filter((answer) => answer.status === 409).map((answer) => answer.body.error);
    expect(new Set(errors)).to.deep.equal(new Set(['email already exists']));
    expect(await db.user.count({ where: { emailKey: 'race@example.com' } })).to.equal(1);
  });

  it('admit one of many sign-ups with one user name', async () => {
    const answers = await each(20, ({ client }, index) =>
      client.post('/api/users/signup', {
        username: 'racer',
        email: `r${index}@example.com`,
        password: 'rahasia',
      }),
    );
    expect(statuses(answers)).to.deep.equal([200, ...Array(19).fill(409)]);
  });

  it('create one room per id', async () => {
    const answers = await each(20, ({ client }, index) =>
      client.as({ id: index + 1, username: 'x' }).post('/ws/create-room', { id: 12345, name: `by ${index}` }),
    );
    expect(statuses(answers)).to.deep.equal([200, ...Array(19).fill(409)]);
    const winner = answers.find((answer) => answer.status === 200);
    const room = await db.room.findUnique({ where: { id: 12345 } });
    expect(room?.name).to.equal(winner?.body.name);
  });

  it('never assign an id twice, nor one that a client chooses concurrently', async () => {
    const first = (
      await each(1, ({ client }) =>
        client.as({ id: 1, username: 'x' }).post('/ws/create-room', { name: 'x' }),
      )
    )[0];
    const next = first?.body.id + 1;
    const answers = await each(60, ({ client }, index) => {
      const chosen = index % 3 === 0 ? { id: next + index } : {};
      return client.as({ id: 1, username: 'x' }).post('/ws/create-room', { ...chosen, name: 'x' });
    });
    const made = answers.filter((answer) => answer.status === 200).map((answer) => answer.body.id);
    expect(new Set(made).size).to.equal(made.length);
    expect(answers.filter((_, index) => index % 3 !== 0).map((answer) => answer.status)).to.deep.equal(
      Array(40).fill(200),
    );
  });

  it('count attempts together', async () => {
    const somebody = { email: 'guessed@example.com', password: 'guess' };
    const answers = [];
    for (let i = 0; i < 12; i++) {
      answers.push(
        ...(await each(1, () => (apis[i % 2] as RunningApi).client.post('/api/users/signin', somebody))),
      );
    }
    expect(answers.map((answer) => answer.status)).to.deep.equal([...Array(10).fill(401), 429, 429]);
  });

  it('restore every ban in a Redis that has lost its data, and admit no user before', async () => {
    const second = apis[1];
    const ask = async (userId: number): Promise<number | undefined> =>
      (await second?.client.as({ id: userId, username: 'x' }).get('/ws/get-rooms'))?.status;
    await db.ban.create({ data: { userId: 666 } });
    await admin.flushdb();
    const seen = new Set<number | undefined>();
    await until(async () => {
      seen.add(await ask(666));
      return seen.has(403);
    });
    expect([...seen]).not.to.include(200);
    expect(await ask(667)).to.equal(200);
    await until(settled);
  });

  it('restore every sign-out in a Redis that has lost its data, and accept none of their tokens before', async () => {
    const ofUser = (index: number, userId: number) => apis[index]?.client.as({ id: userId, username: 'x' });
    const [gone, other] = [ofUser(0, 555), ofUser(1, 555)];
    expect((await gone?.get('/api/users/logout'))?.status).to.equal(200);
    expect((await gone?.get('/ws/get-rooms'))?.status).to.equal(401);
    await admin.flushdb();
    const seen = new Set<number | undefined>();
    await until(async () => {
      seen.add((await gone?.get('/ws/get-rooms'))?.status);
      return seen.has(401);
    });
    expect([...seen]).not.to.include(200);
    await until(async () => (await other?.get('/ws/get-rooms'))?.status === 200);
    await until(settled);
  });

  it('restore every room in a Redis that has lost its data', async () => {
    const client = apis[0]?.client.as({ id: 1, username: 'x' });
    await client?.post('/ws/create-room', { id: 777, name: 'x' });
    const keyOf777 = async (): Promise<boolean> => (await admin.keys('*room:777:stream')).length === 1;
    expect(await keyOf777()).to.equal(true);
    await admin.flushdb();
    await until(keyOf777);
    await until(settled);
  });

  it('answer 503 while Redis hangs, within the timeout, and recover', async () => {
    redis.kill('SIGSTOP');
    const user = { username: 'late', email: 'late@example.com', password: 'rahasia' };
    const member = { id: 1, username: 'x' };
    const answers = await each(6, ({ client }, index) => {
      const asking = client.as(member);
      if (index < 2) return asking.post('/api/users/signup', user);
      if (index < 4) return asking.post('/ws/create-room', { id: 888, name: 'x' });
      return asking.get('/ws/get-clients');
    });
    expect(statuses(answers)).to.deep.equal(Array(6).fill(503));
    const health = await each(apis.length, ({ client }) => client.get('/readyz'));
    expect(health.map(({ status, body }) => [status, body.error])).to.deep.equal(
      Array(apis.length).fill([200, 'PostgreSQL: ok; Redis: does not answer']),
    );
    expect(
      (await each(2, ({ client }) => client.as(member).get('/ws/get-rooms'))).map((answer) => answer.status),
    ).to.deep.equal([503, 503]);
    redis.kill('SIGCONT');
    await until(settled);
    const created = await each(1, ({ client }) =>
      client.as(member).post('/ws/create-room', { id: 888, name: 'x' }),
    );
    expect(statuses(created)).to.deep.equal([200]);
  });

  it('answer 503 at once while Redis is gone, and restore their rooms when it is back', async () => {
    const { port } = redis;
    await redis.close();
    await until(async () => !(await ready()));
    const answers = await each(4, ({ client }, index) =>
      index % 2 === 0
        ? client.post('/api/users/signin', { email: 'x@example.com', password: 'rahasia' })
        : client.as({ id: 1, username: 'x' }).post('/ws/create-room', { id: 999, name: 'x' }),
    );
    expect(statuses(answers)).to.deep.equal([503, 503, 503, 503]);
    redis = closer.add(await startRedis({ port }));
    await until(async () => (await admin.keys('*room:777:stream').catch(() => [])).length === 1);
    await until(settled);
    expect(await admin.keys('*room:999:stream')).to.have.length(0);
  });
});
