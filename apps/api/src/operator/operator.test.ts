import type { ControlEvent } from '@chorus/broker';
import type { MemoryNodeRegistry, NodeFigures, NodeReport } from '@chorus/control';
import type { Database } from '@chorus/database';
import { UnavailableError } from '@chorus/redis';
import { until } from '@chorus/testing';
import { expect } from 'chai';
import { type Client, openDatabase, type RunningApi } from '../testing/api.js';
import { expectAnswer, startOperatorApi } from '../testing/operator.js';

const node = (nodeId: string, more: Partial<NodeReport> = {}): NodeReport => ({
  nodeId,
  startedAt: Date.UTC(2026, 0, 1),
  connections: 0,
  rooms: 0,
  state: 'ready',
  ...more,
});

const FIGURES: NodeFigures = {
  at: Date.UTC(2026, 0, 1, 1),
  connectionsLimit: 20_000,
  messagesIn: 12,
  messagesOut: 3_400,
  relays: 9,
  relayMs: 21.5,
  probeMs: 0.8,
  eventLoopDelayMs: 1.25,
  processorShare: 0.5,
  rssBytes: 64_000_000,
  reconnectRequests: 3,
  drainedFrom: null,
};

describe('the operator API', function () {
  this.timeout(60_000);
  let db: Database;
  let running: RunningApi;
  let nodes: MemoryNodeRegistry;
  let events: ControlEvent[];
  let operator: Client;
  let logged: () => object[];

  before(async () => {
    db = (await openDatabase()).db;
  });
  after(() => db.$disconnect());
  beforeEach(async () => {
    ({ running, nodes, events, operator, logged } = await startOperatorApi(db));
  });
  afterEach(() => running.close());

  const heard = async (event: ControlEvent): Promise<void> => {
    await until(() => events.length > 0);
    expect(events).to.deep.equal([event]);
  };

  describe('shows', () => {
    it('the gateways and their connections', async () => {
      const figures = { ...FIGURES, drainedFrom: 9 };
      await nodes.report(node('b', { connections: 5, rooms: 2, state: 'draining', figures }), 10_000);
      await nodes.report(node('a', { connections: 7, rooms: 3 }), 10_000);
      await nodes.report(node('gone'), 0);
      const startedAt = '2026-01-01T00:00:00.000Z';
      expectAnswer(await operator.get('/nodes'), 200, {
        nodes: [
          { nodeId: 'a', state: 'ready', connections: 7, rooms: 3, startedAt, figures: null },
          { nodeId: 'b', state: 'draining', connections: 5, rooms: 2, startedAt, figures },
        ],
      });
      expectAnswer(await operator.get('/connections'), 200, {
        total: 12,
        nodes: [
          { nodeId: 'a', connections: 7 },
          { nodeId: 'b', connections: 5 },
        ],
      });
    });

    it('the rooms with the most members', async () => {
      const { presence } = running;
      await db.room.createMany({ data: [7, 8, 9].map((id) => ({ id, name: `room ${id}` })) });
      await presence.renew('a', 60_000);
      for (const [roomId, userId] of [
        [8, 1],
        [8, 2],
        [7, 1],
        [10, 3],
        [9, 1],
        [9, 2],
        [9, 3],
      ] as const) {
        await presence.join('a', roomId, { id: userId, username: 'x' });
      }
      expectAnswer(await operator.get('/rooms'), 200, {
        rooms: [
          { id: 9, name: 'room 9', members: 3 },
          { id: 8, name: 'room 8', members: 2 },
          { id: 7, name: 'room 7', members: 1 },
          { id: 10, name: null, members: 1 },
        ],
      });
      expect((await operator.get('/rooms?limit=1')).body.rooms).to.deep.equal([
        { id: 9, name: 'room 9', members: 3 },
      ]);
    });

    it('a user with the bans that have not ended', async () => {
      const account = { username: 'cyd', email: 'cyd@example.com', password: 'rahasia' };
      const { id } = (await running.client.post('/api/users/signup', account)).body;
      await operator.post(`/users/${id}/ban`, { reason: 'spam' });
      const { bans, createdAt, ...user } = (await operator.get(`/users/${id}`)).body;
      expect(user).to.deep.equal({ id, username: 'cyd', kind: 'person', email: 'cyd@example.com' });
      expect(Date.parse(createdAt)).to.be.greaterThan(0);
      expect(bans).to.have.length(1);
      expect(bans[0]).to.include({ userId: id, roomId: null, until: null, reason: 'spam' });
      expectAnswer(await operator.get('/users/987'), 404, {
        error: 'there is no such user',
        code: 'user_not_found',
      });
    });

    it('bans page by page', async () => {
      for (let userId = 1; userId <= 5; userId++) await operator.post(`/users/${userId}/ban`, {});
      const first = (await operator.get('/bans?limit=3')).body;
      const second = (await operator.get(`/bans?limit=3&cursor=${first.nextCursor}`)).body;
      const users = [...first.bans, ...second.bans].map(({ userId }: { userId: number }) => userId);
      expect(users).to.deep.equal([1, 2, 3, 4, 5]);
      expect(second.nextCursor).to.equal(null);
    });
  });

  describe('closes the connections of a user', () => {
    it('all of them', async () => {
      expectAnswer(await operator.send('POST', '/users/5/disconnect'), 202, { userId: 5, roomId: null });
      await heard({ type: 'user-disconnected', userId: 5, roomId: undefined });
      expect(logged()).to.deep.equal([{ action: 'disconnect', userId: 5 }]);
    });

    it('or removes the user from one room', async () => {
      expectAnswer(await operator.post('/users/5/disconnect', { roomId: 7 }), 202, { userId: 5, roomId: 7 });
      await heard({ type: 'user-disconnected', userId: 5, roomId: 7 });
    });
  });

  describe('bans a user', () => {
    it('from everything, for a time: tokens are refused, sockets are closed', async () => {
      const before = Date.now();
      const until = new Date(before + 3_600_000).toISOString();
      const answer = await operator.post('/users/5/ban', { until, reason: 'spam' });
      const { createdAt, ...ban } = answer.body;
      expect([answer.status, ban]).to.deep.equal([200, { userId: 5, roomId: null, until, reason: 'spam' }]);
      expect(Date.parse(createdAt)).to.be.within(before - 1_000, Date.now() + 1_000);
      await heard({ type: 'user-banned', userId: 5, roomId: undefined });
      const user = running.client.as({ id: 5, username: 'eve' });
      expectAnswer(await user.get('/ws/get-rooms'), 403, { error: 'you are banned' });
      expect(logged()).to.deep.equal([{ action: 'ban', userId: 5, until, reason: 'spam' }]);
    });

    it('from a room that exists', async () => {
      await db.room.create({ data: { id: 7, name: 'room' } });
      const answer = await operator.send('PUT', '/users/5/ban', '{"roomId":7}', {
        'Content-Type': 'application/json',
      });
      expect([answer.status, answer.body.roomId]).to.deep.equal([200, 7]);
      await heard({ type: 'user-banned', userId: 5, roomId: 7 });
      const user = running.client.as({ id: 5, username: 'eve' });
      expect((await user.get('/api/rooms/7')).status).to.equal(403);
      expect((await user.get('/ws/get-rooms')).status).to.equal(200);
      expectAnswer(await operator.post('/users/5/ban', { roomId: 8 }), 404, {
        error: 'there is no such room',
        code: 'room_not_found',
      });
    });

    it('and lifts exactly that ban', async () => {
      await db.room.create({ data: { id: 7, name: 'room' } });
      await operator.post('/users/5/ban', {});
      await operator.post('/users/5/ban', { roomId: 7 });
      const user = running.client.as({ id: 5, username: 'eve' });
      expect((await operator.delete('/users/5/ban')).status).to.equal(204);
      expect((await user.get('/ws/get-rooms')).status).to.equal(200);
      expect((await user.get('/api/rooms/7')).status).to.equal(403);
      expect((await operator.delete('/users/5/ban?roomId=7')).status).to.equal(204);
      expect((await user.get('/api/rooms/7')).status).to.equal(200);
      expectAnswer(await operator.delete('/users/5/ban'), 404, {
        error: 'there is no such ban',
        code: 'ban_not_found',
      });
      expect(logged().slice(2)).to.deep.equal([
        { action: 'lift ban', userId: 5 },
        { action: 'lift ban', userId: 5, roomId: 7 },
      ]);
    });
  });

  describe('moves connections', () => {
    it('away from a node, and lets the node accept connections again', async () => {
      await nodes.report(node('gateway-1'), 10_000);
      expectAnswer(await operator.send('POST', '/nodes/gateway-1/drain'), 202, {
        nodeId: 'gateway-1',
        draining: true,
      });
      await heard({ type: 'node-drain', nodeId: 'gateway-1', on: true });
      events.length = 0;
      expectAnswer(await operator.delete('/nodes/gateway-1/drain'), 202, {
        nodeId: 'gateway-1',
        draining: false,
      });
      await heard({ type: 'node-drain', nodeId: 'gateway-1', on: false });
      expect(logged()).to.deep.equal([
        { action: 'drain', gateway: 'gateway-1' },
        { action: 'end drain', gateway: 'gateway-1' },
      ]);
    });

    it('not away from an unknown node', async () => {
      for (const method of ['POST', 'DELETE']) {
        expectAnswer(await operator.send(method, '/nodes/gateway-9/drain'), 404, {
          error: 'there is no such node',
          code: 'node_not_found',
        });
      }
      expect(events).to.deep.equal([]);
    });

    it('from full nodes to others, at the requested pace', async () => {
      expectAnswer(await operator.post('/rebalance', { sharePerMinute: 0.2 }), 202, { sharePerMinute: 0.2 });
      await heard({ type: 'rebalance', sharePerMinute: 0.2 });
      expectAnswer(await operator.send('POST', '/rebalance'), 202, { sharePerMinute: 0.05 });
    });
  });

  it('broadcasts a text, and does not log it', async () => {
    const content = 'Back in a minute.\nDon’t go away 👋';
    expectAnswer(await operator.post('/broadcast', { content }), 202, { content });
    await heard({ type: 'broadcast', content });
    expect(logged()).to.deep.equal([{ action: 'broadcast', length: content.length }]);
    expect(running.log.join('')).not.to.include('minute');
  });

  it('answers 503 while the gateways cannot be notified, and does not log what failed', async () => {
    running.directory.announce = () => Promise.reject(new UnavailableError('away'));
    const error = 'temporarily unavailable, try again';
    for (const [path, body] of [
      ['/users/5/disconnect', {}],
      ['/users/5/ban', {}],
      ['/rebalance', {}],
      ['/broadcast', { content: 'hello' }],
    ] as const) {
      expectAnswer(await operator.post(path, body), 503, { error, code: 'unavailable' });
    }
    // The ban is stored: repeating the request ends the sockets as well.
    expect(logged()).to.deep.equal([{ action: 'ban', userId: 5 }]);
    expect((await operator.get('/bans')).body.bans).to.have.length(1);
  });
});
