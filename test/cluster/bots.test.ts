import { CLOSE } from '@chorus/protocol';
import { connectV1, eventually, upgradeStatus, type V1Socket } from '@chorus/testing';
import { expect } from 'chai';
import { OPERATOR_SETTINGS, operate } from '../support/clients/operator.js';
import {
  type Answer,
  createPerson,
  type Person,
  type RequestOptions,
  request,
} from '../support/clients/people.js';
import { startTestCluster, type TestCluster } from '../support/servers/cluster.js';

describe('bots with API keys', function () {
  this.timeout(60_000);
  let cluster: TestCluster;
  let ann: Person;
  let application: string;
  const sockets: V1Socket[] = [];

  before(async () => {
    cluster = await startTestCluster({ apis: 2, gateways: 2, archivers: 0, env: OPERATOR_SETTINGS });
    ann = await createPerson(cluster.url, 'ann');
    application = (await newKey({ scopes: ['users:write', 'rooms:write', 'members:write', 'history:read'] }))
      .key;
  });
  afterEach(() => Promise.all(sockets.splice(0).map((socket) => socket.close())));
  after(() => cluster?.close());

  const ask = (path: string, key: string, options: RequestOptions = {}): Promise<Answer> =>
    request(`${cluster.url}${path}`, { ...options, token: key });
  const newKey = async (fields: object): Promise<{ id: string; key: string }> =>
    (await operate(cluster, 'POST /keys', { name: 'test', ...fields })).body;
  const newBot = async (username: string): Promise<number> => {
    const { status, body } = await ask('/api/users', application, { body: { username, kind: 'bot' } });
    expect([status, body.kind, body.username]).to.deep.equal([201, 'bot', username]);
    return body.id;
  };

  it('take part over sockets, and are shown as bots, until the key is revoked: then every socket is closed', async () => {
    const bot = await newBot('helper');
    const { id, key } = await newKey({ scopes: ['messages:write', 'history:read'], botId: bot });
    const room = (await ask('/api/rooms', application, { body: { name: 'club', kind: 'private' } })).body.id;
    for (const [user, role] of [
      [bot, 'member'],
      [ann.id, 'owner'],
    ] as const) {
      const put = await ask(`/api/rooms/${room}/members/${user}`, application, {
        method: 'PUT',
        body: { role },
      });
      expect(put.status).to.equal(200);
    }
    const { members } = (await ask(`/api/rooms/${room}/members`, application)).body;
    const shown = members.map((member: { id: number; bot?: boolean }) => [member.id, member.bot]);
    expect(shown).to.have.deep.members([
      [bot, true],
      [ann.id, undefined],
    ]);
    const { users } = (await ask('/api/users?search=helper', application)).body;
    expect(users).to.deep.equal([{ id: bot, username: 'helper', bot: true }]);

    const { status, body } = await ask('/api/keys/token', key, { method: 'POST' });
    expect([status, body.id, body.username]).to.deep.equal([201, bot, 'helper']);
    for (const { url } of cluster.gateways) {
      const socket = await connectV1(url, body.token);
      sockets.push(socket);
      await socket.join(room);
    }
    await sockets[0]?.publish(room, 'hello', 'first');
    const heard = await sockets[1]?.of('message', room);
    expect(heard).to.include({ userId: bot, username: 'helper', content: 'hello' });
    const sent = await ask(`/api/rooms/${room}/messages`, key, { body: { content: 'by HTTP' } });
    expect(sent.status).to.equal(201);

    expect((await operate(cluster, `DELETE /keys/${id}`)).status).to.equal(204);
    const ends = await Promise.all(sockets.map((socket) => socket.ended));
    expect(ends.map(({ code }) => code)).to.deep.equal(sockets.map(() => CLOSE.unauthenticated.code));
    for (const { url } of cluster.gateways) {
      expect(await upgradeStatus(url, room, body.token)).to.equal(401);
    }
    await eventually(async () => {
      for (const { url } of cluster.apis) {
        expect((await request(`${url}/api/rooms`, { token: key })).status).to.equal(401);
      }
    });
  });

  it('get tokens that only sockets take, and that no one can renew or end', async () => {
    const bot = await newBot('other');
    const { key } = await newKey({ scopes: ['messages:write', 'history:read'], botId: bot });
    const { token } = (await ask('/api/keys/token', key, { method: 'POST' })).body;
    for (const [method, path] of [
      ['GET', '/api/rooms'],
      ['POST', '/api/users/refresh'],
      ['GET', '/api/users/me'],
      ['GET', '/ws/get-rooms'],
    ] as const) {
      const answer = await ask(path, token, { method });
      expect([answer.status, answer.body.error], path).to.deep.equal([
        401,
        'this token is for sockets only: send the API key itself',
      ]);
    }
    expect((await ask('/api/users/logout', token, { method: 'POST' })).status).to.equal(200);
    sockets.push(await connectV1(cluster.url, token));
  });

  it('need both scopes of a socket, a user, and a key', async () => {
    const bot = await newBot('third');
    for (const [fields, code] of [
      [{ scopes: ['messages:write'], botId: bot }, 'scope_required'],
      [{ scopes: ['history:read'], botId: bot }, 'scope_required'],
      [{ scopes: ['messages:write', 'history:read'] }, 'user_required'],
    ] as const) {
      const { key } = await newKey(fields);
      expect((await ask('/api/keys/token', key, { method: 'POST' })).body.code).to.equal(code);
    }
    for (const path of ['/api/keys/token', '/api/users']) {
      const answer = await ask(path, ann.token, { method: 'POST' });
      expect([answer.status, answer.body.error], path).to.deep.equal([401, 'an API key is required']);
    }
    const taken = await ask('/api/users', application, { body: { username: 'THIRD' } });
    expect([taken.status, taken.body.code]).to.deep.equal([409, 'conflict']);
    const expiresAt = new Date(Date.now() + 60_000);
    const { key } = await newKey({ scopes: ['messages:write', 'history:read'], botId: bot, expiresAt });
    const { body } = await ask('/api/keys/token', key, { method: 'POST' });
    expect(body.expiresAt).to.equal(Math.floor(expiresAt.getTime() / 1_000) * 1_000);
  });

  it('are persons, too, whom an application creates: only keys act as them', async () => {
    const { body } = await ask('/api/users', application, { body: { username: 'imported' } });
    expect(body.kind).to.equal('person');
    const { key } = await newKey({ scopes: ['act-as', 'rooms:write'] });
    const room = await request(`${cluster.url}/api/rooms`, {
      ...{ token: key, headers: { 'x-chorus-user': String(body.id) }, body: { name: 'own' } },
    });
    expect(room.body.createdBy).to.equal(body.id);
    const signIn = await request(`${cluster.url}/api/users/signin`, {
      body: { email: 'a@example.com', password: '' },
    });
    expect(signIn.status).to.equal(401);
  });
});
