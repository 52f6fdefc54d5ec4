import { setTimeout as sleep } from 'node:timers/promises';
import { MemoryAccessList } from '@chorus/control';
import { createDatabase, type Database } from '@chorus/database';
import { KEY_SCOPE_NAMES } from '@chorus/protocol';
import { eventually } from '@chorus/testing';
import { expect } from 'chai';
import { type Client, openDatabase, type RunningApi, sendRaw, startApi } from '../testing/api.js';
import { newKey, newUsers, type TestKey, withKey } from '../testing/keys.js';

const ANN = { id: 1, username: 'ann' };
const BEN = { id: 2, username: 'ben' };
const BOT = { id: 3, username: 'bot' };
const INVALID = { error: 'the API key is not valid', code: 'unauthenticated' };

describe('API keys', function () {
  this.timeout(60_000);
  let db: Database;
  let running: RunningApi;
  let access: MemoryAccessList;
  let client: Client;
  let all: TestKey;

  before(async () => {
    db = (await openDatabase()).db;
    await newUsers(db, [ANN, BEN]);
    await newUsers(db, [BOT], 'bot');
    access = new MemoryAccessList();
    running = await startApi(db, {}, { access });
    await running.mirrored();
    client = running.client;
    all = await newKey(db, KEY_SCOPE_NAMES);
  });
  after(async () => {
    await running.close();
    await db.$disconnect();
  });

  it('admit an application, whatever cookie comes along', async () => {
    const answer = await withKey(client.as(ANN), all).get('/api/rooms');
    expect([answer.status, answer.body]).to.deep.equal([200, { rooms: [], nextCursor: null }]);
  });

  it('that are unknown, wrong, expired, revoked or malformed are refused alike', async () => {
    const other = await newKey(db, KEY_SCOPE_NAMES);
    const expired = await newKey(db, KEY_SCOPE_NAMES, { expiresAt: new Date(Date.now() - 1_000) });
    const revoked = await newKey(db, KEY_SCOPE_NAMES);
    await db.apiKey.update({ where: { id: revoked.id }, data: { revokedAt: new Date() } });
    const unknown = all.text.replace(all.id, 'x'.repeat(12));
    const wrong = all.text.replace(all.id, other.id);
    for (const text of [
      unknown,
      wrong,
      expired.text,
      revoked.text,
      'chk_',
      `${all.text}x_`,
      `${all.text}/x`,
    ]) {
      const answer = await withKey(client, { id: '', text }).get('/api/rooms');
      expect([answer.status, answer.body], text).to.deep.equal([401, INVALID]);
      expect(answer.headers.get('www-authenticate')).to.equal('Bearer');
    }
  });

  it('are refused within a second after they were revoked, expired or deleted with their bot', async () => {
    const bot = { id: 77, username: 'helper' };
    await newUsers(db, [bot], 'bot');
    const [revoked, ofBot] = [
      await newKey(db, KEY_SCOPE_NAMES),
      await newKey(db, KEY_SCOPE_NAMES, { botId: 77 }),
    ];
    const expiresAt = new Date(Date.now() + 300);
    const expiring = await newKey(db, KEY_SCOPE_NAMES, { expiresAt });
    for (const key of [revoked, ofBot]) {
      expect((await withKey(client, key).get('/api/rooms')).status).to.equal(200);
    }
    await withKey(client, expiring).get('/api/rooms');
    await db.apiKey.update({ where: { id: revoked.id }, data: { revokedAt: new Date() } });
    await db.user.delete({ where: { id: 77 } });
    await sleep(Math.max(700, expiresAt.getTime() - Date.now() + 700));
    for (const key of [revoked, ofBot, expiring]) {
      expect((await withKey(client, key).get('/api/rooms')).body).to.deep.equal(INVALID);
    }
  });

  it('may do only what their scopes allow', async () => {
    const reader = withKey(client, await newKey(db, ['history:read']));
    const answer = await reader.post('/api/rooms', { name: 'room' });
    expect([answer.status, answer.body]).to.deep.equal([
      403,
      { error: 'the API key needs the scope rooms:write', code: 'scope_required' },
    ]);
    expect((await reader.get('/api/rooms')).status).to.equal(200);
  });

  it('are no use on personal routes and on those of the original service', async () => {
    const sender = withKey(client, all, ANN);
    for (const [method, path] of [
      ['GET', '/api/users/me'],
      ['POST', '/api/users/refresh'],
      ['PUT', '/api/users/me/password'],
      ['DELETE', '/api/users/me/sessions'],
    ] as const) {
      expect((await sender.send(method, path)).body, path).to.deep.equal({
        error: 'an API key cannot do this',
        code: 'scope_required',
      });
    }
    for (const [method, path] of [
      ['POST', '/ws/create-room'],
      ['GET', '/ws/get-rooms'],
    ] as const) {
      const answer = await sender.send(method, path);
      expect([answer.status, answer.body], path).to.deep.equal([403, { error: 'an API key cannot do this' }]);
    }
    // Signing out ends the session of a token; a key has none.
    const answer = await sender.send('POST', '/api/users/logout');
    expect([answer.status, answer.headers.get('set-cookie')?.slice(0, 5)]).to.deep.equal([200, 'jwt=;']);
    expect((await sender.get('/api/rooms')).status).to.equal(200);
  });

  it('must not be in a URL, and are not logged', async () => {
    for (const path of [
      `/api/rooms?key=${all.text}`,
      `/ws/get-rooms?token=${all.text}`,
      `/api/rooms/${all.text}`,
      `/${all.text}`,
    ]) {
      const answer = await client.as(ANN).get(path);
      expect(answer.status, path).to.equal(400);
      expect(answer.body.error).to.match(/^an API key must not be in a URL/);
    }
    await withKey(client, all).with({ 'X-Request-Id': all.text }).get('/api/rooms');
    await withKey(client, { id: '', text: `${all.text}_` }).get('/api/rooms');
    await client.as(ANN).get(`/api/x?${all.text}`);
    await sendRaw(running.api.port, `GET /${all.text} HTTP/1.1\r\n\r\n`);
    const secret = all.text.slice(-36);
    expect(running.log.filter((line) => line.includes(secret))).to.deep.equal([]);
    expect(running.log.some((line) => line.includes(`"keyId":"${all.id}"`))).to.equal(true);
  });

  it('store their last use at most once a minute', async () => {
    const key = await newKey(db, KEY_SCOPE_NAMES);
    const lastUse = async () =>
      (await db.apiKey.findUnique({ where: { id: key.id } }))?.lastUsedAt ?? undefined;
    for (let count = 0; count < 3; count++) await withKey(client, key).get('/api/rooms');
    await eventually(async () => expect(await lastUse()).to.not.equal(undefined));
    const first = await lastUse();
    await sleep(600);
    await withKey(client, key).get('/api/rooms');
    await sleep(100);
    expect(await lastUse()).to.deep.equal(first);
    const before = new Date(Date.now() - 61_000);
    await db.apiKey.update({ where: { id: key.id }, data: { lastUsedAt: before } });
    await sleep(600);
    await withKey(client, key).get('/api/rooms');
    await eventually(async () => expect(await lastUse()).to.not.deep.equal(before));
  });

  it('get 503 while PostgreSQL is away', async () => {
    const url = `postgresql://user@127.0.0.1:1/none`;
    const away = createDatabase(url, { poolSize: 1, timeoutMs: 500 });
    const cut = await startApi(away, {}, { access });
    const answer = await withKey(cut.client, all).get('/api/rooms');
    expect([answer.status, answer.body.code]).to.deep.equal([503, 'unavailable']);
    await cut.close();
    await away.$disconnect();
  });

  it('with AUTH=open are checked as well, and the query must not name a user', async () => {
    const open = await startApi(db, { AUTH: 'open' }, { access });
    const wrong = withKey(open.client, { id: '', text: `${all.text}_` });
    expect((await wrong.get(`/api/rooms?userId=${ANN.id}`)).body).to.deep.equal(INVALID);
    for (const sender of [withKey(open.client, all), withKey(client, all)]) {
      const answer = await sender.get(`/api/rooms?userId=${ANN.id}`);
      expect([answer.status, answer.body]).to.deep.equal([
        400,
        { error: 'userId is not known here', code: 'unknown_field' },
      ]);
    }
    // Accounts are elsewhere there.
    const { body } = await withKey(open.client, all, { id: 999 }).post('/api/rooms', { name: 'room' });
    expect([body.role, body.createdBy]).to.deep.equal(['owner', 999]);
    await open.close();
  });

  it('are nothing that a page of another origin may send with a user', async () => {
    const open = await startApi(db, { ALLOWED_ORIGINS: 'https://app.example.com' }, { access });
    const answer = await open.client.send('OPTIONS', '/api/rooms', undefined, {
      Origin: 'https://app.example.com',
      'Access-Control-Request-Method': 'GET',
      'Access-Control-Request-Headers': 'authorization,x-chorus-user',
    });
    expect(answer.headers.get('access-control-allow-headers')?.toLowerCase()).to.not.include('x-chorus-user');
    await open.close();
  });

  describe('with act-as', () => {
    it('act as a user, with the role of that user and the scope of the action', async () => {
      const room = (await client.as(ANN).post('/api/rooms', { name: 'club', kind: 'private' })).body.id;
      const owner = withKey(client, all, ANN);
      expect((await owner.get(`/api/rooms/${room}`)).body).to.include({ id: room, role: 'owner' });
      const stranger = withKey(client, all, BEN);
      expect((await stranger.get(`/api/rooms/${room}`)).body.code).to.equal('room_not_found');
      const renamer = withKey(client, await newKey(db, ['act-as', 'rooms:write']), ANN);
      expect((await renamer.patch(`/api/rooms/${room}`, { name: 'new' })).body.name).to.equal('new');
      expect((await renamer.get(`/api/rooms/${room}`)).body.code).to.equal('scope_required');
      expect((await owner.get('/api/inbox')).body.rooms).to.have.length(1);
    });

    it('need the scope, an existing user who is not banned, and one valid header', async () => {
      const bare = await newKey(db, ['history:read']);
      expect((await withKey(client, bare, ANN).get('/api/rooms')).body).to.deep.equal({
        error: 'the API key needs the scope act-as',
        code: 'scope_required',
      });
      const key = { Authorization: `Bearer ${all.text}` };
      for (const user of ['999', '0', 'ann', '1, 2', '1.0', '-1', '9007199254740993']) {
        const answer = await client.with({ ...key, 'X-Chorus-User': user }).get('/api/rooms');
        expect([answer.status, answer.body], user).to.deep.equal([
          400,
          { error: 'X-Chorus-User is not the id of a user', code: 'invalid_field' },
        ]);
      }
      await access.ban({ userId: BEN.id });
      expect((await withKey(client, all, BEN).get('/api/rooms')).body.code).to.equal('user_banned');
      await access.lift({ userId: BEN.id });
    });

    it('is nothing for a token of a user', async () => {
      const answer = await client.as(ANN).with({ 'X-Chorus-User': '2' }).get('/api/rooms');
      expect([answer.status, answer.body.error]).to.deep.equal([400, 'X-Chorus-User needs an API key']);
    });
  });

  it('of a bot act as the bot, and as another user only with act-as', async () => {
    const key = await newKey(db, ['rooms:write', 'history:read'], { botId: BOT.id });
    const room = await withKey(client, key).post('/api/rooms', { name: 'of the bot', kind: 'private' });
    expect(room.body).to.include({ createdBy: BOT.id, role: 'owner' });
    expect((await withKey(client, key, ANN).get('/api/rooms')).status).to.equal(403);
    await access.ban({ userId: BOT.id });
    expect((await withKey(client, key).get('/api/rooms')).body.code).to.equal('user_banned');
    await access.lift({ userId: BOT.id });
    const both = await newKey(db, ['act-as', 'history:read'], { botId: BOT.id });
    const path = `/api/rooms/${room.body.id}`;
    expect((await withKey(client, both).get(path)).status).to.equal(200);
    expect((await withKey(client, both, ANN).get(path)).status).to.equal(404);
  });
});
