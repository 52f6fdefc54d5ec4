import { MemoryRoomDirectory, MemoryRoomStore } from '@chorus/broker';
import { createDatabase, type Database } from '@chorus/database';
import { UnavailableError } from '@chorus/redis';
import { expect } from 'chai';
import { type Client, openDatabase, type RunningApi, startApi } from '../testing/api.js';

const ann = { id: 1, username: 'ann' };

describe('the HTTP server, when a dependency fails', function () {
  this.timeout(60_000);
  /** A directory whose `begin` fails in a given way. */
  class BrokenDirectory extends MemoryRoomDirectory {
    constructor(private readonly failure: unknown) {
      super(new MemoryRoomStore());
    }

    override async begin(): Promise<void> {
      throw this.failure;
    }
  }

  let db: Database;
  let running: RunningApi;
  let client: Client;
  let broken: RunningApi;
  before(async () => {
    db = (await openDatabase()).db;
    running = await startApi(db);
    client = running.client.as(ann);
  });
  afterEach(() => broken.close());
  after(async () => {
    await running.close();
    await db.$disconnect();
  });

  it('answers 500 without any detail, and logs it', async () => {
    broken = await startApi(
      db,
      {},
      { directory: new BrokenDirectory(new TypeError('hunter2 is undefined')) },
    );
    const answer = await broken.client.as(ann).post('/ws/create-room', { name: 'x' });
    expect([answer.status, answer.body]).to.deep.equal([500, { error: 'internal error' }]);
    const line = broken.log.find((text) => text.includes('hunter2'));
    expect(JSON.parse(line ?? '{}')).to.include({
      level: 50,
      requestId: answer.headers.get('x-request-id'),
    });
  });

  it('answers 503 with Retry-After while Redis is unavailable, and creates no room', async () => {
    const failure = new UnavailableError('redis.internal:6379 said no');
    broken = await startApi(db, {}, { directory: new BrokenDirectory(failure) });
    const answer = await broken.client.as(ann).post('/ws/create-room', { id: 4712, name: 'x' });
    expect([answer.status, answer.body]).to.deep.equal([
      503,
      { error: 'temporarily unavailable, try again' },
    ]);
    expect(answer.headers.get('retry-after')).to.equal('1');
    expect((await client.get('/api/rooms/4712')).status).to.equal(404);
  });

  it('answers 503 while PostgreSQL is unavailable, on every route that needs it', async () => {
    const away = createDatabase('postgresql://chorus@127.0.0.1:1/chorus', { poolSize: 1, timeoutMs: 500 });
    broken = await startApi(away);
    const sender = broken.client.as(ann);
    const user = { username: 'x', email: 'x@example.com', password: 'rahasia' };
    const answers = [
      await sender.post('/api/users/signup', user),
      await sender.post('/api/users/signin', user),
      await sender.get('/api/users/me'),
      await sender.post('/ws/create-room', { id: 1, name: 'x' }),
      await sender.post('/api/rooms', { name: 'x' }),
      await sender.get('/ws/get-rooms'),
      await sender.get('/ws/get-clients/1'),
      await sender.get('/api/rooms'),
      await sender.get('/api/rooms/1'),
      await sender.patch('/api/rooms/1', { name: 'x' }),
      await sender.delete('/api/rooms/1'),
    ];
    for (const answer of answers) {
      expect([answer.status, answer.body.error]).to.deep.equal([503, 'temporarily unavailable, try again']);
    }
    expect((await sender.get('/livez')).status).to.equal(200);
    const ready = await sender.get('/readyz');
    expect([ready.status, ready.body]).to.deep.equal([
      503,
      { error: 'starting: PostgreSQL: cannot be reached; Redis: rooms missing', code: 'not_ready' },
    ]);
    // The session has ended, but Redis could lose the sign-out.
    expect((await sender.get('/api/users/logout')).status).to.equal(503);
  });

  it('answers 503 while presence is unavailable', async () => {
    const away = (): Promise<never> => Promise.reject(new UnavailableError('connection is closed'));
    broken = await startApi(db, {}, { presence: { members: away, everyone: away, busiest: away } });
    const { body } = await client.post('/api/rooms', { name: 'x' });
    for (const path of ['/ws/get-clients', `/ws/get-clients/${body.id}`]) {
      const answer = await broken.client.as(ann).get(path);
      expect([answer.status, answer.body]).to.deep.equal([
        503,
        { error: 'temporarily unavailable, try again' },
      ]);
    }
  });
});
