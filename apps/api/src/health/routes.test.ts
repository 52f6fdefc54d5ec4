import type { Database } from '@chorus/database';
import { patiently, until } from '@chorus/testing';
import { expect } from 'chai';
import { openDatabase, startApi } from '../testing/api.js';

describe('an API that is stopping', () => {
  let db: Database;
  before(async () => {
    db = (await openDatabase()).db;
  });
  after(() => db.$disconnect());

  it('serves requests and reports not ready until balancers have noticed, and then stops listening', async () => {
    const delayMs = patiently(1_500);
    const { client, close } = await startApi(db, { DRAIN_DELAY_MS: String(delayMs) });
    await until(async () => (await client.get('/readyz')).status === 200);
    const start = performance.now();
    const closed = close();
    const health = await client.get('/readyz');
    expect([health.status, health.body]).to.deep.equal([503, { error: 'draining', code: 'not_ready' }]);
    expect((await client.get('/livez')).status).to.equal(200);
    const user = { username: 'late', email: 'late@example.com', password: 'rahasia' };
    expect((await client.post('/api/users/signup', user)).status).to.equal(200);
    await closed;
    expect(performance.now() - start).to.be.at.least(delayMs - 10);
    expect(await client.get('/livez').catch((error: Error) => error.message)).to.equal('fetch failed');
  });

  it('is not ready before it was ready for the first time', async () => {
    const away = (): Promise<never> => Promise.reject(new Error('away'));
    const { client, close, directory } = await startApi(db);
    await until(() => directory.isComplete());
    const { isComplete } = directory;
    directory.isComplete = away;
    const early = await client.get('/readyz');
    expect([early.status, early.body]).to.deep.equal([
      503,
      { error: 'starting: PostgreSQL: ok; Redis: does not answer', code: 'not_ready' },
    ]);
    directory.isComplete = isComplete;
    expect((await client.get('/readyz')).body).to.deep.equal({ status: 'ready' });
    directory.isComplete = away;
    const later = await client.get('/readyz');
    expect([later.status, later.body]).to.deep.equal([
      200,
      { status: 'degraded', error: 'PostgreSQL: ok; Redis: does not answer' },
    ]);
    await close();
  });
});
