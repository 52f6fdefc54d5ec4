import { randomBytes } from 'node:crypto';
import { connectV1 } from '@chorus/testing';
import { expect } from 'chai';
import { operate } from '../../support/clients/operator.js';
import { request } from '../../support/clients/people.js';
import { expectError } from '../expectations.js';
import type { Target } from '../target.js';

/** What programs do with API keys. */
export function describePrograms(target: () => Target): void {
  const newKey = async (name: string, fields: { scopes: string[]; botId?: number }): Promise<string> =>
    (await operate(target(), 'POST /keys', { name, ...fields })).body.key;
  const call = (key: string, method: string, path: string, body?: unknown) =>
    request(`${target().url}/api${path}`, { method, body, token: key });

  it('a bot is created, and enters rooms over a socket with a token that its key gets', async () => {
    const admin = await newKey('admin', { scopes: ['users:write', 'rooms:write', 'members:write'] });
    const username = `bot-${randomBytes(5).toString('hex')}`;
    const bot = await call(admin, 'POST', '/users', { username, kind: 'bot' });
    expect([bot.status, bot.body.username]).to.deep.equal([201, username]);
    const room = (await call(admin, 'POST', '/rooms', { name: 'club', kind: 'private' })).body.id;
    await call(admin, 'PUT', `/rooms/${room}/members/${bot.body.id}`, {});
    const own = await newKey('own', { scopes: ['messages:write', 'history:read'], botId: bot.body.id });
    const issued = await call(own, 'POST', '/keys/token');
    expect(issued.status).to.equal(201);
    const socket = await connectV1(target().url, issued.body.token);
    await socket.join(room);
    socket.send({ type: 'publish', roomId: room, clientMsgId: 'hello', content: 'hello' });
    await socket.of('ack');
    socket.close();
    const messages = ['how', 'are', 'you'].map((content) => ({ roomId: room, content }));
    const sent = await call(own, 'POST', '/messages/batch', { messages });
    expect([sent.status, sent.body.results.length]).to.deep.equal([200, 3]);
    expect((await call(own, 'GET', `/rooms/${room}/messages`)).body.messages).to.have.lengthOf(4);
    expectError(await call(own, 'POST', '/rooms', { name: 'no' }), 403);
  });

  it('users are created, renamed and deleted', async () => {
    const admin = await newKey('admin', { scopes: ['users:write', 'history:read'] });
    const username = `user-${randomBytes(5).toString('hex')}`;
    const path = `/users/${(await call(admin, 'POST', '/users', { username })).body.id}`;
    expect((await call(admin, 'GET', path)).body).to.include({ username, kind: 'person' });
    const renamed = await call(admin, 'PATCH', path, { username: `${username}-new` });
    expect([renamed.status, renamed.body.username]).to.deep.equal([200, `${username}-new`]);
    expect((await call(admin, 'DELETE', path)).status).to.equal(204);
    expectError(await call(admin, 'GET', path), 404);
    expect((await call(admin, 'GET', `/users?search=${username}`)).body.users).to.deep.equal([]);
  });

  it('what a repeated request with a key creates is created once', async () => {
    const admin = await newKey('admin', { scopes: ['rooms:write', 'webhooks:write'] });
    const once = (path: string, body: object) =>
      request(`${target().url}/api${path}`, {
        body,
        token: admin,
        headers: { 'Idempotency-Key': 'order-1' },
      });
    const [first, again] = [await once('/rooms', { name: 'club' }), await once('/rooms', { name: 'club' })];
    expect([again.status, again.body]).to.deep.equal([first.status, first.body]);
    expectError(await once('/rooms', { name: 'other' }), 422);
    expectError(await once('/webhooks', { url: 'https://hooks.example/in' }), 422);
  });

  it('events are read from the beginning, and from there on', async () => {
    const key = await newKey('reader', { scopes: ['events:read', 'rooms:write'] });
    const before = (await call(key, 'GET', '/events?limit=100')).body;
    const room = (await call(key, 'POST', '/rooms', { name: 'club', kind: 'private' })).body.id;
    const { body } = await call(key, 'GET', `/events?after=${before.next}&wait=20&types=room.created`);
    expect(body.events.map(({ data }: { data: { roomId: number } }) => data.roomId)).to.include(room);
  });

  it('webhooks are managed, and events delivered to them again', async () => {
    const key = await newKey('hooks', { scopes: ['webhooks:write', 'events:read', 'rooms:write'] });
    const made = await call(key, 'POST', '/webhooks', { url: 'https://hooks.example/in' });
    expect(made.status).to.equal(201);
    const path = `/webhooks/${made.body.id}`;
    const answers = [
      await call(key, 'PATCH', path, { enabled: false }),
      await call(key, 'GET', path),
      await call(key, 'GET', '/webhooks'),
      await call(key, 'POST', `${path}/secret`, { overlapSeconds: 60 }),
      await call(key, 'POST', `${path}/test`),
    ];
    const { next } = (await call(key, 'GET', '/events?after=latest')).body;
    await call(key, 'POST', '/rooms', { name: 'club', kind: 'private' });
    const { events } = (await call(key, 'GET', `/events?after=${next}&wait=20`)).body;
    answers.push(
      await call(key, 'POST', `${path}/resume`, { after: events[0].id }),
      await call(key, 'POST', `${path}/redeliver`, { from: made.body.createdAt, to: events[0].timestamp }),
      await call(key, 'POST', `${path}/deliveries/${events[0].id}/redeliver`),
      await call(key, 'GET', `${path}/deliveries`),
      await call(key, 'DELETE', path),
    );
    expect(answers.map(({ status }) => Math.floor(status / 100))).to.deep.equal(answers.map(() => 2));
    expectError(await call(key, 'GET', path), 404);
  });
}
