import type { Database } from '@chorus/database';
import { listenForEvents, recordedEvents } from '@chorus/database/testing';
import { expect } from 'chai';
import { type Client, newUser, openDatabase, type RunningApi, startApi } from '../testing/api.js';

describe('the own account', function () {
  this.timeout(60_000);
  let db: Database;
  let running: RunningApi;
  let client: Client;
  before(async () => {
    db = (await openDatabase()).db;
    running = await startApi(db);
    await running.mirrored();
    client = running.client;
  });
  after(async () => {
    await running.close();
    await db.$disconnect();
  });

  const signUp = async () => {
    const account = newUser();
    await client.post('/api/users/signup', account);
    const { id, token } = (await client.post('/api/users/signin', { ...account, returnToken: true })).body;
    return { ...account, id, session: client.with({ Authorization: `Bearer ${token}` }) };
  };
  const deletion = (session: Client, body: unknown) =>
    session.send('DELETE', '/api/users/me', JSON.stringify(body), { 'Content-Type': 'application/json' });

  it('shows a display name and an avatar to others, until they are removed', async () => {
    await listenForEvents(db);
    const { id, username, email, session } = await signUp();
    const shown = { displayName: 'Ann of the Hills', avatarUrl: 'https://img.example/ann.png' };
    const account = { id, username, email };
    expect((await session.get('/api/users/me')).body).to.deep.equal({
      ...account,
      displayName: null,
      avatarUrl: null,
    });
    expect((await session.patch('/api/users/me', shown)).body).to.deep.equal({ ...account, ...shown });
    const { users } = (await session.get(`/api/users?search=${username}`)).body;
    expect(users).to.deep.equal([{ id, username, ...shown }]);
    const room = (await session.post('/api/rooms', { name: 'room' })).body.id;
    const { members } = (await session.get(`/api/rooms/${room}/members`)).body;
    expect(members[0]).to.include({ id, ...shown });
    const less = await session.patch('/api/users/me', { avatarUrl: null });
    expect(less.body).to.deep.equal({ ...account, displayName: shown.displayName, avatarUrl: null });
    expect((await session.patch('/api/users/me', {})).body).to.deep.equal(less.body);
    const events = (await recordedEvents(db)).filter(({ type }) => type === 'user.changed');
    const names = { username, previousUsername: username };
    expect(events.map(({ data }) => data)).to.deep.equal([
      { ...names, ...shown },
      { ...names, avatarUrl: null },
      names,
    ]);
  });

  it('refuses what pages should not show', async () => {
    const { session } = await signUp();
    for (const body of [
      { displayName: '' },
      { displayName: 'a\u202eb' },
      { displayName: 'x'.repeat(65) },
      { avatarUrl: 'http://img.example/a.png' },
      { avatarUrl: 'javascript:alert(1)' },
      { avatarUrl: 'https://me:secret@img.example' },
      { avatarUrl: `https://img.example/${'x'.repeat(2_048)}` },
      { avatarUrl: 'https://img.example/\n' },
      { avatarUrl: '' },
      { username: 'other' },
    ]) {
      expect((await session.patch('/api/users/me', body)).status, JSON.stringify(body)).to.equal(400);
    }
  });

  it('is deleted with the password only, and with all that the user shows', async () => {
    const { id, password, session, email } = await signUp();
    await session.patch('/api/users/me', { displayName: 'Gone soon' });
    for (const body of [{}, { password: 'wrong' }]) {
      const answer = await deletion(session, body);
      expect([answer.status, answer.body.code]).to.deep.equal([403, 'wrong_password']);
    }
    const answer = await deletion(session, { password });
    expect([answer.status, answer.headers.get('set-cookie')]).to.deep.equal([
      204,
      'jwt=; HttpOnly; Path=/; Max-Age=0; SameSite=Lax',
    ]);
    expect((await session.get('/api/users/me')).status).to.equal(401);
    expect((await client.post('/api/users/signin', { email, password })).status).to.equal(401);
    const row = await db.user.findUniqueOrThrow({ where: { id } });
    expect([row.email, row.passwordHash, row.displayName, row.avatarUrl]).to.deep.equal([
      null,
      null,
      null,
      null,
    ]);
  });

  it('of a user without a password is deleted by the session alone', async () => {
    const { id } = await db.user.create({ data: { username: 'from elsewhere', nameKeysVersion: 1 } });
    const session = client.as({ id: Number(id), username: 'from elsewhere' });
    expect((await session.delete('/api/users/me')).status).to.equal(204);
    expect((await client.as({ id: 987_654, username: 'none' }).delete('/api/users/me')).status).to.equal(404);
  });
});
