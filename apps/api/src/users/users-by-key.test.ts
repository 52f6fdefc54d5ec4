import type { Database } from '@chorus/database';
import { listenForEvents, recordedEvents } from '@chorus/database/testing';
import { KEY_SCOPE_NAMES } from '@chorus/protocol';
import { expect } from 'chai';
import { type Route, routesOf } from '../http/route-table.js';
import { type Client, newUser, openDatabase, type RunningApi, startApi } from '../testing/api.js';
import { newKey, newUsers, withKey } from '../testing/keys.js';
import { keyRoutes } from './routes.js';

/** A valid body of each operation that has one. */
const BODIES: Readonly<Record<string, object>> = {
  createUser: { username: 'new' },
  changeUser: { username: 'newer' },
};

describe('users, for API keys', function () {
  this.timeout(60_000);
  let db: Database;
  let running: RunningApi;
  let key: Client;

  before(async () => {
    db = (await openDatabase()).db;
    running = await startApi(db);
  });
  beforeEach(async () => {
    await db.$executeRaw`TRUNCATE rooms, users, api_keys, user_deletions, webhooks, event_outbox RESTART IDENTITY CASCADE`;
    key = withKey(running.client, await newKey(db, ['users:write']));
  });
  after(async () => {
    await running.close();
    await db.$disconnect();
  });

  const create = async (username: string, kind?: string): Promise<number> => {
    const { status, body } = await key.post('/api/users', { username, kind });
    expect(status, JSON.stringify(body)).to.equal(201);
    return body.id;
  };
  const userRoutes = routesOf(keyRoutes).filter(({ path }) => path.startsWith('/api/users'));
  const ask = (client: Client, { method, path, operation }: Route<never>, id = 500) => {
    const body = BODIES[operation.declaration.id];
    return client.send(method, path.replace(':userId', String(id)), body && JSON.stringify(body));
  };

  for (const route of userRoutes) {
    const { method, path, operation } = route;
    it(`${method} ${path} needs users:write, which users do not have`, async () => {
      // The user is deleted, and all tokens with this id are refused afterwards.
      await newUsers(db, [{ id: 500, username: 'ann' }]);
      const others = KEY_SCOPE_NAMES.filter((scope) => scope !== 'users:write');
      const refused = await ask(withKey(running.client, await newKey(db, others)), route);
      expect([refused.status, refused.body.error]).to.deep.equal([
        ...[403, 'the API key needs the scope users:write'],
      ]);
      for (const client of [running.client, running.client.as({ id: 1, username: 'ann' })]) {
        const { status, body } = await ask(client, route);
        expect([status, body.code]).to.deep.equal([401, 'unauthenticated']);
      }
      expect((await ask(key, route)).status).to.equal(operation.declaration.answer.status);
      if (!path.includes(':userId')) return;
      const { status, body } = await ask(key, route, 999);
      expect([status, body.code]).to.deep.equal([404, 'user_not_found']);
    });
  }

  it('are returned without what belongs to the account', async () => {
    await running.client.post('/api/users/signup', newUser({ username: 'ann' }));
    const bot = await create('helper', 'bot');
    for (const [id, username, kind] of [
      [1, 'ann', 'person'],
      [bot, 'helper', 'bot'],
    ] as const) {
      const { createdAt, ...user } = (await key.get(`/api/users/${id}`)).body;
      expect(user).to.deep.equal({ id, username, kind });
      expect(Date.parse(createdAt)).to.be.greaterThan(0);
    }
  });

  it('have routes that take no paths of other routes for ids', async () => {
    const taken = await key.get('/api/users/signin');
    expect([taken.status, taken.headers.get('allow')]).to.deep.equal([405, 'POST']);
    for (const id of ['ann', '0', '1.5', '9007199254740993']) {
      expect((await key.get(`/api/users/${id}`)).body.code, id).to.equal('invalid_field');
    }
    for (const body of [{}, { username: '' }, { username: 'x', kind: 'bot' }]) {
      expect((await key.patch('/api/users/1', body)).status, JSON.stringify(body)).to.equal(400);
    }
  });

  describe('that are renamed', () => {
    it('have one event for each change, recorded with it', async () => {
      await listenForEvents(db);
      await create('ann');
      expect((await key.patch('/api/users/1', { username: 'anna' })).body.username).to.equal('anna');
      expect((await key.patch('/api/users/1', { username: 'anna' })).status).to.equal(200);
      const events = await recordedEvents(db);
      expect(events.map(({ type, userId, data }) => [type, userId, data])).to.deep.equal([
        ['user.created', 1, null],
        ['user.changed', 1, { username: 'anna', previousUsername: 'ann' }],
      ]);
    });

    it('get no name that is like that of another user, and their own before is free', async () => {
      await listenForEvents(db);
      await create('ann');
      await create('ben');
      for (const username of ['ben', 'BEN', '\uff42en']) {
        const { status, body } = await key.patch('/api/users/1', { username });
        expect([status, body.code]).to.deep.equal([409, 'conflict']);
      }
      // A user of an API of an older version, without keys of the name.
      await db.user.create({ data: { username: 'cat' } });
      expect((await key.patch('/api/users/1', { username: 'cat' })).status).to.equal(409);
      expect((await key.get('/api/users/1')).body.username).to.equal('ann');
      expect((await key.patch('/api/users/1', { username: 'Ann' })).status).to.equal(200);
      expect((await key.patch('/api/users/1', { username: 'anna' })).status).to.equal(200);
      await create('ann');
      const changed = (await recordedEvents(db)).filter(({ type }) => type === 'user.changed');
      expect(changed.map(({ data }) => data?.username)).to.deep.equal(['Ann', 'anna']);
    });

    it('race for a name, and one gets it', async () => {
      const ids = [await create('ann'), await create('ben'), await create('cat')];
      const answers = await Promise.all(ids.map((id) => key.patch(`/api/users/${id}`, { username: 'dan' })));
      expect(answers.map(({ status }) => status).sort()).to.deep.equal([200, 409, 409]);
    });

    it('have the new name in lists of members, in searches and in renewed tokens, and the old one in messages', async () => {
      const account = newUser({ username: 'ann' });
      await running.client.post('/api/users/signup', account);
      const signedIn = await running.client.post('/api/users/signin', { ...account, returnToken: true });
      const ann = running.client.with({ Authorization: `Bearer ${signedIn.body.token}` });
      const room = (await ann.post('/api/rooms', { name: 'room', kind: 'private' })).body.id;
      await key.patch('/api/users/1', { username: 'anna' });
      const { members } = (await ann.get(`/api/rooms/${room}/members`)).body;
      expect(members.map(({ username }: { username: string }) => username)).to.deep.equal(['anna']);
      expect((await ann.get('/api/users?search=anna')).body.users).to.deep.equal([
        { id: 1, username: 'anna' },
      ]);
      expect((await ann.get('/api/users/me')).body.username).to.equal('anna');
      const renewed = (await ann.post('/api/users/refresh', {})).body;
      expect(renewed.username).to.equal('anna');
      const again = running.client.with({ Authorization: `Bearer ${renewed.token}` });
      expect((await again.post('/api/users/refresh', {})).body.username).to.equal('anna');
    });
  });
});
