import type { Database } from '@chorus/database';
import { until } from '@chorus/testing';
import { expect } from 'chai';
import { publicRoutes } from '../routes.js';
import { openDatabase } from '../testing/api.js';
import { newKey, newUsers, type TestKey, withKey } from '../testing/keys.js';
import { expectAnswer, type OperatorFixture, startOperatorApi } from '../testing/operator.js';

const ANN = { id: 1_001, username: 'ann' };
const BOT = { id: 1_002, username: 'helper' };
const ALL = [
  'rooms:write',
  'members:write',
  'users:write',
  'messages:write',
  'webhooks:write',
  'act-as',
] as const;

describe('what the audit records', function () {
  this.timeout(60_000);
  let db: Database;
  let fixture: OperatorFixture;
  let key: TestKey;

  before(async () => {
    db = (await openDatabase()).db;
  });
  after(() => db.$disconnect());
  beforeEach(async () => {
    await db.$executeRaw`TRUNCATE audit, webhooks CASCADE`;
    fixture = await startOperatorApi(db);
    await fixture.running.mirrored();
    await newUsers(db, [ANN]);
    await newUsers(db, [BOT], 'bot');
    key = await newKey(db, ALL);
  });
  afterEach(() => fixture.running.close());

  const program = (as?: { id: number }) => withKey(fixture.running.client, key, as);
  /** What is stored, oldest first, each with the fields that are not null. */
  const entries = async (): Promise<object[]> => {
    const { body } = await fixture.operator.get('/audit');
    return body.entries
      .reverse()
      .map(({ id, at, by, keyName, requestId, ...entry }: Record<string, unknown>) =>
        Object.fromEntries(Object.entries(entry).filter(([, value]) => value !== null)),
      );
  };
  /** Counts are stored when an API closes. */
  const counts = async (): Promise<object[]> => {
    await fixture.running.close();
    const rows = await db.auditEntry.findMany({
      orderBy: [{ action: 'asc' }, { roomId: 'asc' }, { status: 'asc' }],
    });
    return rows.map(({ action, roomId, actingUserId, status, count }) => [
      ...[action, roomId && Number(roomId), actingUserId && Number(actingUserId), status, count],
    ]);
  };

  it('is what keys change, as whom and where, at once', async () => {
    const room = (await program().post('/api/rooms', { name: 'x', kind: 'private' })).body.id;
    const direct = (await program(ANN).post('/api/direct', { userIds: [BOT.id] })).body.id;
    const user = (await program().post('/api/users', { username: 'new' })).body.id;
    await program().send('PUT', `/api/rooms/${room}/members/${user}`, '{}', {
      'Content-Type': 'application/json',
    });
    await program().post(`/api/rooms/${room}/invites`, {});
    const webhook = (await program().post('/api/webhooks', { url: 'https://example.com/hook' })).body.id;
    await program().delete(`/api/webhooks/${webhook}`);
    await program().delete(`/api/rooms/${room}`);
    await program().get('/api/rooms');
    const by = { keyId: key.id, count: 1 };
    expect(await entries()).to.deep.equal([
      { ...by, action: 'createRoom', roomId: room, status: 201 },
      { ...by, action: 'openDirectRoom', roomId: direct, actingUserId: ANN.id, status: 200 },
      { ...by, action: 'createUser', userId: user, status: 201 },
      { ...by, action: 'putMember', roomId: room, userId: user, status: 200 },
      { ...by, action: 'createInvite', roomId: room, status: 201 },
      { ...by, action: 'createWebhook', target: String(webhook), status: 201 },
      { ...by, action: 'deleteWebhook', target: String(webhook), status: 204 },
      { ...by, action: 'deleteRoom', roomId: room, status: 204 },
    ]);
  });

  it('is what operators change', async () => {
    const { operator, nodes } = fixture;
    await nodes.report(
      { nodeId: 'gateway-1', startedAt: 0, connections: 0, rooms: 0, state: 'ready' },
      60_000,
    );
    const room = (await program().post('/api/rooms', { name: 'x' })).body.id;
    const made = (await operator.post('/keys', { name: 'x', scopes: ['act-as'] })).body.id;
    await operator.delete(`/keys/${made}`);
    await operator.post(`/users/${ANN.id}/ban`, { roomId: room });
    await operator.delete(`/users/${ANN.id}/ban?roomId=${room}`);
    await operator.post('/nodes/gateway-1/drain', {});
    await operator.post('/broadcast', { content: 'a secret text' });
    const webhook = (await operator.post('/webhooks', { url: 'https://example.com/hook' })).body.id;
    await operator.patch(`/webhooks/${webhook}`, { enabled: false });
    await operator.get('/keys');
    const [, ...own] = await entries();
    expect(own).to.deep.equal([
      { action: 'createKey', target: made, status: 201, count: 1 },
      { action: 'revokeKey', target: made, status: 204, count: 1 },
      { action: 'banUser', userId: ANN.id, roomId: room, status: 200, count: 1 },
      { action: 'liftBan', userId: ANN.id, roomId: room, status: 204, count: 1 },
      { action: 'drainNode', target: 'gateway-1', status: 202, count: 1 },
      { action: 'broadcast', status: 202, count: 1 },
      { action: 'createWebhook', target: String(webhook), status: 201, count: 1 },
      { action: 'changeWebhook', target: String(webhook), status: 200, count: 1 },
    ]);
    expect(JSON.stringify(await db.$queryRaw`SELECT audit::text FROM audit`)).to.not.include('secret');
  });

  it('is the number of messages of a key by room and user, single ones and those of batches', async () => {
    const rooms: number[] = [];
    for (const kind of ['public', 'private']) {
      rooms.push((await program().post('/api/rooms', { name: 'x', kind })).body.id);
    }
    const [open = 0, closed = 0] = rooms;
    await db.$executeRaw`TRUNCATE audit`;
    const send = () => program(BOT).post(`/api/rooms/${open}/messages`, { content: 'x' });
    // Rooms of which users may be members wait for the memberships, for a moment after the start.
    await until(async () => (await send()).status === 201);
    for (let n = 0; n < 2; n++) expect((await send()).status).to.equal(201);
    const messages = [open, open, closed, open].map((roomId) => ({ roomId, content: 'x' }));
    expect((await program(BOT).post('/api/messages/batch', { messages })).status).to.equal(200);
    const sent = (await counts()).filter((row) => (row as unknown[])[3] !== 503);
    expect(sent).to.deep.equal([
      ['sendMessage', open, BOT.id, 201, 3],
      ['sendMessages', open, BOT.id, 201, 3],
      ['sendMessages', closed, BOT.id, 404, 1],
    ]);
  });

  it('is what keys and operators are refused, counted by status', async () => {
    const { operator, anonymous } = fixture;
    key = await newKey(db, ['history:read']);
    const weak = program();
    for (let n = 0; n < 4; n++) await weak.post('/api/rooms', { name: 'x' });
    await weak.delete('/api/rooms/77');
    await operator.delete(`/keys/${'x'.repeat(12)}`);
    await operator.post('/users/1/ban', { untill: 1 });
    // Neither has proved who it is.
    await anonymous.post('/broadcast', { content: 'x' });
    await fixture.running.client
      .with({ Authorization: `Bearer ${key.text}x` })
      .post('/api/rooms', { name: 'x' });
    expect(await counts()).to.deep.equal([
      ['banUser', null, null, 400, 1],
      ['createRoom', null, null, 403, 4],
      ['deleteRoom', 77, null, 403, 1],
      ['revokeKey', null, null, 404, 1],
    ]);
  });

  it('is nothing that users do, and nothing that is only read', async () => {
    const ann = fixture.running.client.as(ANN);
    const room = (await ann.post('/api/rooms', { name: 'x' })).body.id;
    await ann.post(`/api/rooms/${room}/messages`, { content: 'x' });
    await program(ANN).get(`/api/rooms/${room}/messages`);
    await ann.post('/api/rooms', { nothing: true });
    expect(await counts()).to.deep.equal([]);
  });

  it('has an id for the action of each route that changes something', async () => {
    const ids = Object.entries(publicRoutes).map(([, { declaration }]) => declaration.id);
    for (const id of ids) expect(id).to.match(/^[A-Za-z]+$/);
    const { operator } = fixture;
    await operator.post('/webhooks/1/redeliver', {});
    await operator.post('/webhooks/1/resume', {});
    await operator.post('/webhooks/1/secret', {});
    await operator.post('/webhooks/1/deliveries/evt_1/redeliver', {});
    await operator.delete('/nodes/x/drain');
    await operator.post('/rebalance', { x: 1 });
    await operator.post('/users/1/disconnect', { x: 1 });
    await operator.post('/users/1/reset-link', { x: 1 });
    const actions = (await counts()).map((row) => (row as unknown[])[0]);
    expect(actions).to.deep.equal([
      ...['createResetLink', 'disconnectUser', 'endDrain', 'rebalance', 'redeliverEvent', 'redeliverEvents'],
      ...['resumeWebhook', 'rotateWebhookSecret'],
    ]);
  });

  describe('is listed', () => {
    const at = (second: number): Date => new Date(Date.UTC(2026, 0, 1, 0, 0, second));
    const none = { requestId: 'r', status: 200, count: 1 };
    const uuid = (n: number): string => `00000000-0000-4000-8000-${String(n).padStart(12, '0')}`;

    beforeEach(async () => {
      await db.$executeRaw`TRUNCATE audit`;
      await db.auditEntry.createMany({
        data: [
          {
            ...none,
            at: at(1),
            id: uuid(1),
            keyId: key.id,
            actingUserId: 7,
            action: 'createRoom',
            roomId: 5,
          },
          { ...none, at: at(2), id: uuid(2), keyId: 'deleted', action: 'deleteRoom', roomId: 5 },
          { ...none, at: at(2), id: uuid(3), action: 'banUser', userId: 7 },
          { ...none, at: at(4), id: uuid(4), action: 'createKey', target: 'x' },
        ],
      });
    });
    const list = async (query: string): Promise<number[]> => {
      const { status, body } = await fixture.operator.get(`/audit${query}`);
      expect(status, query).to.equal(200);
      return body.entries.map(({ id }: { id: string }) => Number(id.slice(-4)));
    };

    it('newest first, page by page, with the name of the key', async () => {
      expect(await list('')).to.deep.equal([4, 3, 2, 1]);
      const first = (await fixture.operator.get('/audit?limit=2')).body;
      expect(first.entries.map(({ action }: { action: string }) => action)).to.deep.equal([
        'createKey',
        'banUser',
      ]);
      const { body } = await fixture.operator.get(`/audit?limit=2&cursor=${first.nextCursor}`);
      expect(body.nextCursor).to.equal(null);
      expect(body.entries).to.deep.equal([
        {
          ...{ id: uuid(2), at: '2026-01-01T00:00:02.000Z', by: 'key', keyId: 'deleted', keyName: null },
          ...{ actingUserId: null, action: 'deleteRoom', roomId: 5, userId: null, target: null },
          ...none,
        },
        {
          ...{ id: uuid(1), at: '2026-01-01T00:00:01.000Z', by: 'key', keyId: key.id, keyName: 'billing' },
          ...{ actingUserId: 7, action: 'createRoom', roomId: 5, userId: null, target: null },
          ...none,
        },
      ]);
    });

    it('by each filter', async () => {
      expect(await list('?by=operator')).to.deep.equal([4, 3]);
      expect(await list('?by=key')).to.deep.equal([2, 1]);
      expect(await list(`?keyId=${key.id}`)).to.deep.equal([1]);
      expect(await list('?userId=7')).to.deep.equal([3, 1]);
      expect(await list('?roomId=5&action=deleteRoom')).to.deep.equal([2]);
      expect(await list('?since=2026-01-01T00:00:02Z&until=2026-01-01T00:00:04Z')).to.deep.equal([3, 2]);
      expect(await list('?roomId=6')).to.deep.equal([]);
    });

    it('and a malformed filter is refused', async () => {
      for (const [query, error] of [
        ['by=me', 'by must be key or operator'],
        ['keyId=x', 'keyId must be the id of a key: 12 letters and digits'],
        ['userId=x', 'userId must be a positive integer up to 2^53-1'],
        ['action=a%20b', 'action must be the id of an operation, such as createRoom'],
        ['since=yesterday', 'since must be a time such as 2026-01-31T12:00:00Z'],
        ['cursor=1', 'cursor must be the nextCursor of a page'],
        ['limit=0', 'limit must be a whole number from 1 to 100'],
        ['room=5', 'room is not known here'],
      ] as const) {
        const answer = await fixture.operator.get(`/audit?${query}`);
        expect([answer.status, answer.body.error], query).to.deep.equal([400, error]);
      }
      expectAnswer(await fixture.anonymous.get('/audit'), 401, {
        error: 'the operator token is required',
        code: 'unauthenticated',
      });
    });
  });
});
