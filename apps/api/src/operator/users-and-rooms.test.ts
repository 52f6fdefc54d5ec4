import type { Database } from '@chorus/database';
import { expect } from 'chai';
import { openDatabase } from '../testing/api.js';
import { expectAnswer, type OperatorFixture, startOperatorApi } from '../testing/operator.js';

describe("operators' routes of users and rooms", function () {
  this.timeout(60_000);
  let db: Database;
  let fixture: OperatorFixture;

  before(async () => {
    db = (await openDatabase()).db;
  });
  beforeEach(async () => {
    fixture = await startOperatorApi(db);
    await fixture.running.mirrored();
  });
  afterEach(async () => {
    await fixture.running.close();
    // Ids of users start again, and tokens of deleted users must not be refused for later ones.
    await db.$executeRaw`TRUNCATE revoked_sessions, user_deletions`;
  });
  after(() => db.$disconnect());

  it('create, list, find, rename and delete users, and log it', async () => {
    const { operator } = fixture;
    for (const [username, kind] of [
      ['ann', undefined],
      ['helper', 'bot'],
      ['Anna', 'person'],
    ]) {
      expect((await operator.post('/users', { username, kind })).status).to.equal(201);
    }
    expectAnswer(await operator.post('/users', { username: 'ANN' }), 409, {
      ...{ error: 'username already exists', code: 'conflict' },
    });
    const idsOf = (users: ReadonlyArray<{ id: number }>) => users.map(({ id }) => id);
    const first = (await operator.get('/users?limit=2')).body;
    expect([idsOf(first.users), first.nextCursor]).to.deep.equal([[1, 2], 2]);
    expect((await operator.get('/users?limit=2&cursor=2')).body.nextCursor).to.equal(null);
    expect(idsOf((await operator.get('/users?search=AN')).body.users)).to.deep.equal([1, 3]);
    expect((await operator.patch('/users/2', { username: 'Helper' })).body).to.include({
      id: 2,
      kind: 'bot',
    });
    expect((await operator.delete('/users/1')).status).to.equal(204);
    expect((await operator.get('/users/1')).body.code).to.equal('user_not_found');
    expect((await operator.delete('/users/1')).body.code).to.equal('user_not_found');
    expect(idsOf((await operator.get('/users')).body.users)).to.deep.equal([2, 3]);
    expect(fixture.logged()).to.deep.equal([
      { action: 'create user', userId: 1, kind: 'person' },
      { action: 'create user', userId: 2, kind: 'bot' },
      { action: 'create user', userId: 3, kind: 'person' },
      { action: 'change user', userId: 2 },
      { action: 'delete user', userId: 1 },
    ]);
  });

  it('create, list, find, change and delete rooms, and log it', async () => {
    const { operator, running } = fixture;
    const user = running.client.as({ id: 1, username: 'ann' });
    await db.user.create({ data: { username: 'ann' } });
    await db.user.create({ data: { username: 'ben' } });
    const made = await operator.post('/rooms', { name: 'club', kind: 'private', id: 7 });
    expect(made.status).to.equal(201);
    expect(made.body).to.include({ id: 7, name: 'club', kind: 'private', createdBy: null });
    expect(made.body).to.not.have.property('role');
    expect((await operator.post('/rooms', { name: 'club', id: 7 })).body.code).to.equal('conflict');
    const hidden = (await user.post('/api/rooms', { name: 'hidden', kind: 'private' })).body.id;
    const direct = (await user.post('/api/direct', { userIds: [2] })).body.id;
    const first = (await operator.get('/rooms?cursor=0&limit=2')).body;
    expect(first.rooms).to.have.length(2);
    const rest = (await operator.get(`/rooms?cursor=${first.nextCursor}&limit=2`)).body;
    const ids = [...first.rooms, ...rest.rooms].map(({ id }: { id: number }) => id);
    expect([ids, rest.nextCursor]).to.deep.equal([[hidden, direct, 7].sort((a, b) => a - b), null]);
    expect((await operator.get(`/rooms/${hidden}`)).body).to.include({ name: 'hidden', createdBy: 1 });
    expect((await operator.patch(`/rooms/${hidden}`, { topic: 'found' })).body.topic).to.equal('found');
    expect((await operator.delete(`/rooms/${direct}`)).status).to.equal(403);
    expect((await operator.delete(`/rooms/${hidden}`)).status).to.equal(204);
    expect((await user.get(`/api/rooms/${hidden}`)).status).to.equal(404);
    for (const [method, path] of [
      ['GET', '/rooms/99'],
      ['PATCH', '/rooms/99'],
      ['DELETE', '/rooms/99'],
    ] as const) {
      const body = method === 'PATCH' ? '{"topic":"x"}' : undefined;
      expect((await operator.send(method, path, body)).body.code, `${method} ${path}`).to.equal(
        'room_not_found',
      );
    }
    expect(fixture.logged()).to.deep.equal([
      { action: 'create room', roomId: 7, kind: 'private' },
      { action: 'change room', roomId: hidden, changed: ['topic'] },
      { action: 'delete room', roomId: hidden },
    ]);
  });

  it('refuse unknown fields and parameters', async () => {
    const { operator } = fixture;
    for (const [method, path, body, error] of [
      ['POST', '/users', '{"username":"x","email":"x"}', /^email is not known here$/],
      ['POST', '/users?kind=bot', '{"username":"x"}', /^kind is not known here$/],
      ['GET', '/users?name=x', undefined, /^name is not known here$/],
      ['GET', '/users?search=', undefined, /^search must be/],
      ['PATCH', '/users/1', '{}', /^username is required$/],
      ['DELETE', '/users/1?force=1', undefined, /^force is not known here$/],
      ['POST', '/rooms', '{"name":"x","kind":"direct"}', /^kind must be public or private$/],
      ['GET', '/rooms?cursor=x', undefined, /^cursor must be/],
      ['PATCH', '/rooms/1', '{}', /^name is required$/],
      ['DELETE', '/rooms/x', undefined, /^roomId must be/],
    ] as const) {
      const answer = await operator.send(method, path, body, { 'Content-Type': 'application/json' });
      expect([answer.status, answer.body.error], path).to.have.property('1').that.matches(error);
      expect(answer.status).to.equal(400);
    }
  });
});
