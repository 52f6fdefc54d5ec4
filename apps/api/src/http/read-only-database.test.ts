import { createDatabase, type Database } from '@chorus/database';
import { type Answer, patiently, until } from '@chorus/testing';
import { expect } from 'chai';
import { type Client, openDatabase, type RunningApi, startApi } from '../testing/api.js';

describe('an API whose PostgreSQL is read-only', function () {
  this.timeout(30_000);
  let admin: Database;
  let db: Database;
  let api: RunningApi;
  let ann: Client;
  const user = { username: 'ann', email: 'ann@example.com', password: 'rahasia' };

  before(async () => {
    const opened = await openDatabase();
    admin = opened.db;
    db = createDatabase(opened.url, { poolSize: 3, timeoutMs: patiently(10_000) });
    api = await startApi(db);
    await api.mirrored();
    const { body } = await api.client.post('/api/users/signup', user);
    ann = api.client.as(body);
    await ann.post('/ws/create-room', { id: 1, name: 'one' });
    await until(async () => (await ann.get('/readyz')).body.status === 'ready');
  });
  after(async () => {
    await takeWrites(true);
    await api.close();
    await db.$disconnect();
    await admin.$disconnect();
  });

  const takeWrites = async (takes: boolean): Promise<void> => {
    const [{ name } = { name: '' }] = await admin.$queryRaw<
      Array<{ name: string }>
    >`SELECT current_database() AS name`;
    await admin.$executeRawUnsafe(
      `ALTER DATABASE "${name}" SET default_transaction_read_only = ${takes ? 'off' : 'on'}`,
    );
    // Existing sessions keep the old setting, so they are terminated.
    await admin.$queryRaw`
      SELECT pg_terminate_backend(pid)::text FROM pg_stat_activity
      WHERE datname = current_database() AND pid <> pg_backend_pid()`;
  };

  it('answers changes with 503 and Retry-After, and everything else as usual', async () => {
    await takeWrites(false);
    const changes: Array<() => Promise<Answer>> = [
      () => ann.post('/api/users/signup', { ...user, username: 'bob', email: 'bob@example.com' }),
      () => ann.post('/ws/create-room', { id: 2, name: 'two' }),
      () => ann.post('/api/rooms', { name: 'three' }),
      () => ann.patch('/api/rooms/1', { name: 'uno' }),
      () => ann.delete('/api/rooms/1'),
    ];
    for (const change of changes) {
      // The first statement can use a session that was just terminated.
      const answer = await change();
      expect([answer.status, answer.body.error, answer.headers.get('retry-after')]).to.deep.equal([
        503,
        'temporarily unavailable, try again',
        '1',
      ]);
    }
    expect((await ann.get('/api/rooms/1')).body.name).to.equal('one');
    expect((await ann.get('/api/users/me')).status).to.equal(200);
    const { email, password } = user;
    expect((await api.client.post('/api/users/signin', { email, password })).status).to.equal(200);
    const ready = await ann.get('/readyz');
    expect([ready.status, ready.body]).to.deep.equal([
      200,
      { status: 'degraded', error: 'PostgreSQL: refuses writes (25006); Redis: ok' },
    ]);
    await takeWrites(true);
    await until(async () => (await ann.get('/readyz')).body.status === 'ready');
    expect((await ann.patch('/api/rooms/1', { name: 'uno' })).status).to.equal(200);
    expect((await ann.delete('/api/rooms/1')).status).to.equal(204);
  });
});
