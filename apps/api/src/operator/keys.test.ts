import type { Database } from '@chorus/database';
import { eventually } from '@chorus/testing';
import { expect } from 'chai';
import { openDatabase } from '../testing/api.js';
import { newUsers, withKey } from '../testing/keys.js';
import { expectAnswer, type OperatorFixture, startOperatorApi } from '../testing/operator.js';

describe("operators' routes of API keys", function () {
  this.timeout(60_000);
  let db: Database;
  let fixture: OperatorFixture;

  before(async () => {
    db = (await openDatabase()).db;
    fixture = await startOperatorApi(db);
    await newUsers(db, [{ id: 1, username: 'ann' }]);
    await newUsers(db, [{ id: 2, username: 'helper' }], 'bot');
  });
  after(async () => {
    await fixture.running.close();
    await db.$disconnect();
  });
  beforeEach(() => db.$executeRaw`TRUNCATE api_keys`);

  it('create a key, which is shown once and works until it is revoked', async () => {
    const { operator, running } = fixture;
    const { status, body } = await operator.post('/keys', {
      name: 'billing',
      scopes: ['rooms:write', 'history:read', 'rooms:write'],
    });
    const { key, createdAt, ...rest } = body;
    expect(status).to.equal(201);
    expect(key).to.match(new RegExp(`^chk_${rest.id}_`));
    const shown = {
      ...{ id: rest.id, name: 'billing', scopes: ['history:read', 'rooms:write'], botId: null },
      ...{ messagesPerSecond: null, expiresAt: null, revokedAt: null, lastUsedAt: null },
    };
    expect(rest).to.deep.equal(shown);
    const sender = withKey(running.client, { id: rest.id, text: key });
    expect((await sender.get('/api/rooms')).status).to.equal(200);
    await eventually(async () => {
      const { keys } = (await operator.get('/keys')).body;
      expect({ ...keys[0], lastUsedAt: null }).to.deep.equal({ ...shown, createdAt });
      expect(keys[0].lastUsedAt).to.be.a('string');
    });
    const stored = JSON.stringify(await db.apiKey.findMany());
    expect(stored).to.not.include(key.slice(-36));

    for (let count = 0; count < 2; count++) {
      expect((await operator.delete(`/keys/${rest.id}`)).status).to.equal(204);
    }
    await eventually(async () => expect((await sender.get('/api/rooms')).status).to.equal(401));
    expect((await operator.get('/keys')).body.keys[0].revokedAt).to.be.a('string');
    expect(running.log.filter((line) => line.includes(key.slice(-36)))).to.deep.equal([]);
  });

  it('list keys page by page', async () => {
    const { operator } = fixture;
    const ids: string[] = [];
    for (let count = 0; count < 3; count++) {
      ids.push((await operator.post('/keys', { name: 'x', scopes: ['act-as'] })).body.id);
    }
    ids.sort();
    const first = (await operator.get('/keys?limit=2')).body;
    expect(first.keys.map(({ id }: { id: string }) => id)).to.deep.equal(ids.slice(0, 2));
    expect(first.nextCursor).to.equal(ids[1]);
    const { body } = await operator.get(`/keys?limit=2&cursor=${first.nextCursor}`);
    expect([body.keys.length, body.nextCursor]).to.deep.equal([1, null]);
  });

  it('create keys of bots, and of no other users', async () => {
    const { operator } = fixture;
    const common = { scopes: ['messages:write'], expiresAt: '2099-01-01T00:00:00Z' };
    const fields = { ...common, name: 'x', messagesPerSecond: 50 };
    const { body } = await operator.post('/keys', { ...fields, botId: 2 });
    expect(body).to.include({ botId: 2, messagesPerSecond: 50, expiresAt: '2099-01-01T00:00:00.000Z' });
    for (const botId of [1, 3]) {
      expectAnswer(await operator.post('/keys', { ...fields, botId }), 404, {
        error: 'there is no such user',
        code: 'user_not_found',
      });
    }
  });

  it('refuse what is malformed', async () => {
    const { operator } = fixture;
    const good = { name: 'x', scopes: ['act-as'] };
    for (const [change, error] of [
      [{ name: '' }, /^name must be/],
      [{ scopes: [] }, /^scopes must be a list of history:read/],
      [{ scopes: 'act-as' }, /^scopes must be a list of/],
      [{ scopes: ['all'] }, /^scopes.0 must be a list of/],
      [{ expiresAt: '2020-01-01T00:00:00Z' }, /^expiresAt must be a time to come/],
      [{ expires: 1 }, /^expires is not known here/],
      [{ botId: 0 }, /^botId must be/],
      [{ messagesPerSecond: 0 }, /^messagesPerSecond must be a whole number from 1/],
      [{ messagesPerSecond: null }, /^messagesPerSecond must be/],
    ] as const) {
      const answer = await operator.post('/keys', { ...good, ...change });
      expect(answer.status, JSON.stringify(change)).to.equal(400);
      expect(answer.body.error).to.match(error);
    }
    expect((await operator.post('/keys?name=x', good)).status).to.equal(400);
    expect((await operator.get('/keys?cursor=x')).status).to.equal(400);
    expect((await operator.delete('/keys/x')).status).to.equal(400);
    expectAnswer(await operator.delete(`/keys/${'x'.repeat(12)}`), 404, {
      error: 'there is no such API key',
      code: 'key_not_found',
    });
    expect(await db.apiKey.count()).to.equal(0);
  });
});
