import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { BrokerUnavailableError, type ControlEvent, MemoryRoomDirectory, MemoryRooms } from '@chorus/broker';
import { MemoryNodeRegistry, type NodeReport } from '@chorus/control';
import type { Database } from '@chorus/database';
import { ConfigError, StartError } from '@chorus/service';
import { expect } from 'chai';
import { loadApiConfig } from '../config.js';
import { type Answer, Client, openDatabase, type RunningApi, startApi, until } from '../test-api.js';

const TOKEN = 'the-operator-token-of-all-tests';
const bearer = (token: string) => ({ Authorization: `Bearer ${token}` });
const node = (nodeId: string, more: Partial<NodeReport> = {}): NodeReport => ({
  nodeId,
  startedAt: Date.UTC(2026, 0, 1),
  connections: 0,
  rooms: 0,
  state: 'ready',
  ...more,
});

describe('the operator API', function () {
  this.timeout(60_000);
  let db: Database;
  let running: RunningApi;
  let nodes: MemoryNodeRegistry;
  let rooms: MemoryRooms;
  let events: ControlEvent[];
  let operator: Client;
  let anonymous: Client;

  before(async () => {
    db = (await openDatabase()).db;
  });
  after(() => db.$disconnect());
  beforeEach(async () => {
    await db.$executeRaw`TRUNCATE rooms, bans, users RESTART IDENTITY CASCADE`;
    rooms = new MemoryRooms();
    nodes = new MemoryNodeRegistry();
    events = [];
    running = await startApi(
      db,
      { OPERATOR_PORT: '0', OPERATOR_TOKEN: TOKEN },
      { nodes, directory: new MemoryRoomDirectory(rooms) },
    );
    rooms.attach({
      onMessage() {},
      onNotice() {},
      onStored() {},
      onResumed() {},
      onControl: (event) => events.push(event),
    });
    anonymous = new Client(`http://127.0.0.1:${running.api.operatorPort}`);
    operator = anonymous.with(bearer(TOKEN));
  });
  afterEach(() => running.close());

  const heard = async (event: ControlEvent): Promise<void> => {
    await until(() => events.length > 0);
    expect(events).to.deep.equal([event]);
  };
  const logged = (): object[] =>
    running.log
      .map((line): Record<string, unknown> => JSON.parse(line))
      .filter(({ msg }) => msg === 'operator')
      .map(({ level, time, pid, hostname, nodeId, requestId, msg, ...rest }) => rest);
  const expectAnswer = (answer: Answer, status: number, body: unknown): void => {
    expect([answer.status, answer.body]).to.deep.equal([status, body]);
  };

  describe('is closed', () => {
    const PATHS = ['/nodes', '/bans', '/nothing', '/users/1', '/livez'];

    it('to whoever brings no token, another one, or a user token, whatever the path', async () => {
      const asking: Array<[Client, string]> = [
        [anonymous, 'the operator token is required'],
        [anonymous.with({ Authorization: `Basic ${btoa(`x:${TOKEN}`)}` }), 'the operator token is required'],
        [anonymous.with({ Cookie: `jwt=${TOKEN}` }), 'the operator token is required'],
        [anonymous.with(bearer(`${TOKEN}x`)), 'the operator token is not valid'],
        [anonymous.with(bearer(TOKEN.slice(1))), 'the operator token is not valid'],
      ];
      for (const [client, error] of asking) {
        for (const path of PATHS) {
          const answer = await client.get(path);
          expectAnswer(answer, 401, { error });
          expect(answer.headers.get('www-authenticate')).to.equal('Bearer');
        }
        expectAnswer(await client.post('/broadcast', { content: 'hello' }), 401, { error });
      }
      expect(events).to.deep.equal([]);
    });

    it('on the port of users', async () => {
      const answer = await running.client.with(bearer(TOKEN)).get('/nodes');
      expectAnswer(answer, 404, { error: 'no such route' });
    });

    it('to pages, of any origin', async () => {
      const answer = await operator.with({ Origin: 'https://chat.example' }).get('/nodes');
      expect(answer.headers.get('access-control-allow-origin')).to.be.oneOf([null, '']);
    });

    it('unless both settings are there', async () => {
      const plain = await startApi(db);
      expect(plain.api.operatorPort).to.equal(undefined);
      await plain.close();
    });
  });

  describe('is not started', () => {
    const load = (env: Record<string, string>) => loadApiConfig({ JWT_SECRET: 'x'.repeat(32), ...env });

    it('with one setting without the other', () => {
      expect(() => load({ OPERATOR_PORT: '9000' })).to.throw(ConfigError, /^OPERATOR_TOKEN is not set: /);
      expect(() => load({ OPERATOR_TOKEN: TOKEN })).to.throw(ConfigError, /^OPERATOR_PORT is not set: /);
    });

    it('with a port that is none, nor a token that fits in no header; the token is never shown', () => {
      expect(() => load({ OPERATOR_PORT: '70000', OPERATOR_TOKEN: TOKEN })).to.throw(
        ConfigError,
        'OPERATOR_PORT=',
      );
      expect(() => load({ OPERATOR_PORT: '9000', OPERATOR_TOKEN: 'hunter 2' }))
        .to.throw(ConfigError, /^OPERATOR_TOKEN is not valid/)
        .with.property('message')
        .that.does.not.include('hunter');
    });

    it('with a short token in production, and warns of it elsewhere', () => {
      const env = { OPERATOR_PORT: '9000', OPERATOR_TOKEN: 'x'.repeat(31) };
      expect(() => load({ ...env, NODE_ENV: 'production' })).to.throw(
        ConfigError,
        'OPERATOR_TOKEN is too short',
      );
      expect(load(env).operator?.warnings).to.have.length(1);
      expect(load({ ...env, OPERATOR_TOKEN: 'x'.repeat(32), NODE_ENV: 'production' }).operator).to.include({
        port: 9000,
      });
    });

    it('on a port that is taken, and leaves nothing running', async () => {
      const taken = createServer().listen(0, '127.0.0.1');
      await new Promise((resolve) => taken.once('listening', resolve));
      const { port } = taken.address() as AddressInfo;
      const failed = await startApi(db, { OPERATOR_PORT: String(port), OPERATOR_TOKEN: TOKEN }).catch(
        (error: unknown) => error,
      );
      expect(failed).to.be.instanceOf(StartError);
      expect(String(failed)).to.include(`port ${port} is already in use (OPERATOR_PORT)`);
      await new Promise((resolve) => taken.close(resolve));
    });
  });

  it('answers what it does not know with an error', async () => {
    expectAnswer(await operator.get('/nothing'), 404, { error: 'no such route' });
    const answer = await operator.get('/broadcast');
    expectAnswer(answer, 405, { error: 'GET is not allowed on this route' });
    expect(answer.headers.get('allow')).to.equal('POST');
    expect(
      (await operator.send('POST', '/broadcast', '{', { 'Content-Type': 'application/json' })).status,
    ).to.equal(400);
  });

  it('refuses what it does not understand, and does nothing', async () => {
    const past = new Date(Date.now() - 1_000).toISOString();
    const cases: Array<[string, string, unknown, RegExp]> = [
      ['POST', '/users/x/ban', {}, /^userId must be a positive integer/],
      ['POST', '/users/1/ban', { roomId: 'x' }, /^roomId must be a positive integer/],
      ['POST', '/users/1/ban', { untill: past }, /^untill is not known here$/],
      ['POST', '/users/1/ban', { until: past }, /^until must be a time to come/],
      ['POST', '/users/1/ban', { until: 'tomorrow' }, /^until must be a time to come/],
      ['POST', '/users/1/ban', { reason: '' }, /^reason must be 1 to 200/],
      ['POST', '/users/1/ban', [], /^the body must be a JSON object$/],
      ['POST', '/users/0/disconnect', {}, /^userId must/],
      ['POST', '/users/1/disconnect', { room: 7 }, /^room is not known here$/],
      ['DELETE', '/users/1/ban?roomId=x', undefined, /^roomId must/],
      ['DELETE', '/users/1/ban?room=7', undefined, /^room is not known here$/],
      ['POST', '/rebalance', { sharePerMinute: 0 }, /^sharePerMinute must be a number above 0, up to 1$/],
      ['POST', '/rebalance', { sharePerMinute: 1.1 }, /^sharePerMinute must be/],
      ['POST', '/rebalance', { sharePerMinute: '0.1' }, /^sharePerMinute must be/],
      ['POST', '/broadcast', {}, /^content is required$/],
      ['POST', '/broadcast', { content: ' ' }, /^content must not be blank$/],
      ['POST', '/broadcast', { content: 'x'.repeat(4_001) }, /^content must be at most 4000/],
      ['POST', '/broadcast', { content: 'a\u0000b' }, /^content must be valid text$/],
      ['GET', '/rooms?limit=0', undefined, /^limit must be/],
      ['GET', '/rooms?limit=101', undefined, /^limit must be/],
      ['GET', '/bans?cursor=x', undefined, /^cursor must be/],
      ['GET', '/users/x', undefined, /^userId must/],
    ];
    for (const [method, path, body, error] of cases) {
      const answer = await (body === undefined
        ? operator.send(method, path)
        : operator.send(method, path, JSON.stringify(body), { 'Content-Type': 'application/json' }));
      expect(answer.status, `${method} ${path}`).to.equal(400);
      expect(answer.body.error, `${method} ${path}`).to.match(error);
    }
    expect(events).to.deep.equal([]);
    expect(await db.ban.count()).to.equal(0);
  });

  describe('shows', () => {
    it('the gateways and their connections', async () => {
      await nodes.report(node('b', { connections: 5, rooms: 2, state: 'draining' }), 10_000);
      await nodes.report(node('a', { connections: 7, rooms: 3 }), 10_000);
      await nodes.report(node('gone'), 0);
      const startedAt = '2026-01-01T00:00:00.000Z';
      expectAnswer(await operator.get('/nodes'), 200, {
        nodes: [
          { nodeId: 'a', state: 'ready', connections: 7, rooms: 3, startedAt },
          { nodeId: 'b', state: 'draining', connections: 5, rooms: 2, startedAt },
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

    it('a user with the bans that hold', async () => {
      const account = { username: 'cyd', email: 'cyd@example.com', password: '1234567' };
      const { id } = (await running.client.post('/api/users/signup', account)).body;
      await operator.post(`/users/${id}/ban`, { reason: 'spam' });
      const { bans, ...user } = (await operator.get(`/users/${id}`)).body;
      expect(user).to.deep.equal({ id, username: 'cyd', email: 'cyd@example.com' });
      expect(bans).to.have.length(1);
      expect(bans[0]).to.include({ userId: id, roomId: null, until: null, reason: 'spam' });
      expectAnswer(await operator.get('/users/987'), 404, { error: 'there is no such user' });
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

  describe('ends the connections of a user', () => {
    it('all of them', async () => {
      expectAnswer(await operator.send('POST', '/users/5/disconnect'), 202, { userId: 5, roomId: null });
      await heard({ type: 'user-disconnected', userId: 5, roomId: undefined });
      expect(logged()).to.deep.equal([{ action: 'disconnect', userId: 5 }]);
    });

    it('or the stay in one room', async () => {
      expectAnswer(await operator.post('/users/5/disconnect', { roomId: 7 }), 202, { userId: 5, roomId: 7 });
      await heard({ type: 'user-disconnected', userId: 5, roomId: 7 });
    });
  });

  describe('bans a user', () => {
    it('from everything, for a time: tokens count no more, sockets end', async () => {
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

    it('from a room, which has to exist', async () => {
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
      expectAnswer(await operator.delete('/users/5/ban'), 404, { error: 'there is no such ban' });
      expect(logged().slice(2)).to.deep.equal([
        { action: 'lift ban', userId: 5 },
        { action: 'lift ban', userId: 5, roomId: 7 },
      ]);
    });
  });

  describe('moves connections', () => {
    it('away from a node that is there, and lets it take some again', async () => {
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

    it('not for a node that nobody knows', async () => {
      for (const method of ['POST', 'DELETE']) {
        expectAnswer(await operator.send(method, '/nodes/gateway-9/drain'), 404, {
          error: 'there is no such node',
        });
      }
      expect(events).to.deep.equal([]);
    });

    it('from full nodes to others, at the pace that is asked for', async () => {
      expectAnswer(await operator.post('/rebalance', { sharePerMinute: 0.2 }), 202, { sharePerMinute: 0.2 });
      await heard({ type: 'rebalance', sharePerMinute: 0.2 });
      expectAnswer(await operator.send('POST', '/rebalance'), 202, { sharePerMinute: 0.05 });
    });
  });

  it('says something to everybody, and does not log what', async () => {
    const content = 'Back in a minute.\nDon’t go away 👋';
    expectAnswer(await operator.post('/broadcast', { content }), 202, { content });
    await heard({ type: 'broadcast', content });
    expect(logged()).to.deep.equal([{ action: 'broadcast', length: content.length }]);
    expect(running.log.join('')).not.to.include('minute');
  });

  it('answers 503 while the gateways cannot be told, and does not log what was not done', async () => {
    running.directory.announce = () => Promise.reject(new BrokerUnavailableError('away'));
    const error = 'temporarily unavailable, try again';
    for (const [path, body] of [
      ['/users/5/disconnect', {}],
      ['/users/5/ban', {}],
      ['/rebalance', {}],
      ['/broadcast', { content: 'hello' }],
    ] as const) {
      expectAnswer(await operator.post(path, body), 503, { error });
    }
    // The ban stands: whoever has it told again ends the sockets, too.
    expect(logged()).to.deep.equal([{ action: 'ban', userId: 5 }]);
    expect((await operator.get('/bans')).body.bans).to.have.length(1);
  });
});
