import { Tokens } from '@chorus/auth';
import type { Database } from '@chorus/database';
import { expect } from 'chai';
import { type Client, openDatabase, type RunningApi, SECRET, startApi } from '../testing/api.js';

const ann = { id: 1, username: 'ann' };
const bob = { id: 2, username: 'bob' };

describe('the room routes', function () {
  this.timeout(60_000);
  let db: Database;
  let running: RunningApi;
  let anonymous: Client;
  let client: Client;
  let other: Client;
  before(async () => {
    db = (await openDatabase()).db;
    running = await startApi(db);
    anonymous = running.client;
    client = anonymous.as(ann);
    other = anonymous.as(bob);
  });
  beforeEach(() => db.$executeRaw`TRUNCATE rooms RESTART IDENTITY CASCADE`);
  after(async () => {
    await running.close();
    await db.$disconnect();
  });

  const fill = (from: number, to: number) =>
    db.$executeRaw`INSERT INTO rooms (id, name, creator_id) SELECT id, 'room', 99 FROM generate_series(${from}::bigint, ${to}::bigint) id`;

  describe('on the original routes', () => {
    it('creates a room with the requested id', async () => {
      const answer = await client.post('/ws/create-room', { id: 1, name: 'room1' });
      expect([answer.status, answer.body]).to.deep.equal([200, { id: 1, name: 'room1' }]);
      const text = await client.post('/ws/create-room', { id: '9007199254740991', name: 'last' });
      expect(text.body).to.deep.equal({ id: 9007199254740991, name: 'last' });
    });

    it('does not replace an existing room', async () => {
      await client.post('/ws/create-room', { id: 1, name: 'room1' });
      for (const sender of [client, other]) {
        const answer = await sender.post('/ws/create-room', { id: 1, name: 'mine now' });
        expect([answer.status, answer.body]).to.deep.equal([409, { error: 'id already exists' }]);
      }
      expect((await client.get('/ws/get-rooms')).body).to.deep.equal([{ id: 1, name: 'room1' }]);
    });

    it('assigns an id that no client has chosen', async () => {
      for (const id of [1, 2, 4]) await client.post('/ws/create-room', { id, name: 'chosen' });
      const ids = [];
      for (let i = 0; i < 3; i++) ids.push((await client.post('/ws/create-room', { name: 'any' })).body.id);
      expect(ids).to.deep.equal([3, 5, 6]);
    });

    it('finds a free id beyond a long block of chosen ones', async () => {
      await fill(1, 60_000);
      const answers = await Promise.all(
        Array.from({ length: 4 }, () => client.post('/ws/create-room', { name: 'any' })),
      );
      expect(answers.map((answer) => answer.status)).to.deep.equal([200, 200, 200, 200]);
      const ids = answers.map((answer) => answer.body.id);
      expect(new Set(ids).size).to.equal(4);
      expect(Math.min(...ids)).to.be.greaterThan(60_000);
    });

    it('refuses with 403 a user who has reached the limit of rooms, until one is deleted', async () => {
      const few = await startApi(db, { MAX_ROOMS_PER_USER: '2' });
      try {
        const [creator, second] = [few.client.as(ann), few.client.as(bob)];
        for (const path of ['/ws/create-room', '/api/rooms']) await creator.post(path, { name: 'room' });
        for (const path of ['/ws/create-room', '/api/rooms']) {
          const answer = await creator.post(path, { name: 'one more' });
          const error = 'one user may create 2 rooms: delete one first';
          const code = path === '/api/rooms' ? { code: 'too_many_own_rooms' } : {};
          expect([answer.status, answer.body]).to.deep.equal([403, { error, ...code }]);
        }
        expect((await second.post('/ws/create-room', { name: 'of another user' })).status).to.equal(200);
        const { rooms } = (await creator.get('/api/rooms')).body;
        await creator.delete(`/api/rooms/${rooms[0].id}`);
        expect((await creator.post('/ws/create-room', { name: 'room' })).status).to.equal(200);
      } finally {
        await few.close();
      }
    });

    it('lists rooms by id', async () => {
      for (const id of [3, 1, 2]) await client.post('/ws/create-room', { id, name: `room${id}` });
      const answer = await other.get('/ws/get-rooms');
      expect(answer.body).to.deep.equal([1, 2, 3].map((id) => ({ id, name: `room${id}` })));
      expect(answer.headers.get('link')).to.equal(null);
    });

    it('answers with at most 1,000 rooms and links to the rest', async () => {
      await fill(1, 2_001);
      const ids: number[] = [];
      let pages = 0;
      for (let path: string | undefined = '/ws/get-rooms?userId=1'; path !== undefined; pages++) {
        const answer = await client.get(path);
        ids.push(...answer.body.map((room: { id: number }) => room.id));
        path = /^<(\S+)>; rel="next"$/.exec(answer.headers.get('link') ?? '')?.[1];
      }
      expect(pages).to.equal(3);
      expect(ids).to.deep.equal(Array.from({ length: 2_001 }, (_, index) => index + 1));
    });

    it('lists the users in a room, and in any room', async () => {
      await client.post('/ws/create-room', { id: 1, name: 'room1' });
      await client.post('/ws/create-room', { id: 2, name: 'room2' });
      expect((await client.get('/ws/get-clients/1')).body).to.deep.equal([]);
      await running.presence.renew('gateway', 60_000);
      await running.presence.join('gateway', 1, ann);
      await running.presence.join('gateway', 2, ann);
      await running.presence.join('gateway', 2, bob);
      expect((await client.get('/ws/get-clients/1')).body).to.deep.equal([ann]);
      expect((await client.get('/ws/get-clients/2')).body).to.deep.equal([ann, bob]);
      expect((await client.get('/ws/get-clients')).body).to.deep.equal([ann, bob]);
    });

    it('lists at most 1,000 users and links to the rest', async () => {
      await client.post('/ws/create-room', { id: 1, name: 'room1' });
      await running.presence.renew('full', 60_000);
      for (let id = 1; id <= 1_001; id++)
        await running.presence.join('full', 1, { id, username: `user${id}` });
      for (const path of ['/ws/get-clients/1', '/ws/get-clients']) {
        const answer = await client.get(path);
        expect(answer.body).to.have.length(1_000);
        expect(answer.headers.get('link')).to.equal(`<${path}?after=1000>; rel="next"`);
        expect((await client.get(`${path}?after=1000`)).body).to.deep.equal([
          { id: 1_001, username: 'user1001' },
        ]);
      }
    });

    it('answers 404 for the users of an unknown room and 400 for an invalid id', async () => {
      const unknown = await client.get('/ws/get-clients/77');
      expect([unknown.status, unknown.body]).to.deep.equal([404, { error: 'there is no such room' }]);
      for (const id of ['0', '-1', '1.5', 'abc', '9007199254740992', '1e3', '%20']) {
        const answer = await client.get(`/ws/get-clients/${id}`);
        expect([answer.status, answer.body], id).to.deep.equal([
          400,
          { error: 'roomId must be a positive integer up to 2^53-1' },
        ]);
      }
    });

    it('refuses an invalid cursor', async () => {
      for (const query of ['after=-1', 'after=x', 'after=', 'after=1&after=2', 'after=99999999999999999']) {
        const answer = await client.get(`/ws/get-rooms?${query}`);
        expect([answer.status, answer.body], query).to.deep.equal([
          400,
          { error: 'after must be a whole number up to 2^53-1' },
        ]);
      }
    });
  });

  describe('as a REST resource', () => {
    it('creates, shows, renames and deletes a room', async () => {
      const created = await client.post('/api/rooms', { id: 5, name: 'room5' });
      expect(created.status).to.equal(201);
      expect(created.headers.get('location')).to.equal('/api/rooms/5');
      expect(created.body).to.include({ id: 5, name: 'room5', createdBy: 1 });
      expect(created.body.createdAt).to.match(/^\d{4}-\d\d-\d\dT[\d:.]+Z$/);
      expect(created.body).to.include({ kind: 'public', topic: '', slowModeSeconds: 0, role: 'owner' });
      expect((await client.get('/api/rooms/5')).body).to.deep.equal(created.body);
      expect((await other.get('/api/rooms/5')).body).to.deep.equal({ ...created.body, role: null });

      const renamed = await client.patch('/api/rooms/5', { name: 'renamed' });
      expect(renamed.status).to.equal(200);
      expect(renamed.body).to.include({
        id: 5,
        name: 'renamed',
        createdBy: 1,
        createdAt: created.body.createdAt,
      });
      expect(renamed.body.updatedAt >= created.body.updatedAt).to.equal(true);

      const deleted = await client.delete('/api/rooms/5');
      expect([deleted.status, deleted.body]).to.deep.equal([204, '']);
      for (const answer of [
        await client.get('/api/rooms/5'),
        await client.patch('/api/rooms/5', { name: 'gone' }),
        await client.delete('/api/rooms/5'),
      ]) {
        expect([answer.status, answer.body]).to.deep.equal([
          404,
          { error: 'there is no such room', code: 'room_not_found' },
        ]);
      }
    });

    it('lets only owners rename and delete', async () => {
      await client.post('/api/rooms', { id: 5, name: 'room5' });
      for (const answer of [
        await other.patch('/api/rooms/5', { name: 'x' }),
        await other.delete('/api/rooms/5'),
      ]) {
        expect([answer.status, answer.body]).to.deep.equal([
          403,
          { error: 'only an owner may change a room', code: 'not_room_creator' },
        ]);
      }
      expect((await client.get('/api/rooms/5')).body.name).to.equal('room5');
    });

    it('pages through all rooms with a cursor', async () => {
      await fill(1, 120);
      expect((await client.get('/api/rooms')).body.rooms).to.have.length(50);
      const ids: number[] = [];
      let cursor: number | null = 0;
      while (cursor !== null) {
        const { body } = await client.get(`/api/rooms?limit=40&cursor=${cursor}`);
        ids.push(...body.rooms.map((room: { id: number }) => room.id));
        cursor = body.nextCursor;
      }
      expect(ids).to.deep.equal(Array.from({ length: 120 }, (_, index) => index + 1));
      expect((await client.get('/api/rooms?cursor=120')).body).to.deep.equal({ rooms: [], nextCursor: null });
    });

    it('limits page sizes', async () => {
      for (const limit of ['0', '101', '-1', 'all', '']) {
        const answer = await client.get(`/api/rooms?limit=${limit}`);
        expect([answer.status, answer.body], limit).to.deep.equal([
          400,
          { error: 'limit must be a whole number from 1 to 100', code: 'invalid_field' },
        ]);
      }
    });
  });

  for (const path of ['/ws/create-room', '/api/rooms']) {
    it(`names the invalid field on POST ${path}`, async () => {
      const ID = 'id must be a positive integer up to 2^53-1';
      const cases: Array<[string, string]> = [
        ['{}', 'name is required'],
        ['{"name":null}', 'name must be a string'],
        ['{"name":""}', 'name must be 1 to 128 characters long'],
        [`{"name":"${'n'.repeat(129)}"}`, 'name must be 1 to 128 characters long'],
        ['{"name":"a\\u0000b"}', 'name must not contain control characters'],
        ['{"name":"a\\udc00b"}', 'name must not contain control characters'],
        ['{"name":"x","id":0}', ID],
        ['{"name":"x","id":-1}', ID],
        ['{"name":"x","id":1.5}', ID],
        ['{"name":"x","id":9007199254740992}', ID],
        ['{"name":"x","id":1e999}', ID],
        ['{"name":"x","id":"one"}', ID],
        ['{"name":"x","id":null}', ID],
        ['{"name":"x","id":[1]}', ID],
        ['[]', 'the body must be a JSON object'],
        ['[{"name":"x"}]', 'the body must be a JSON object'],
        ['null', 'the body is not valid JSON'],
        ['"name"', 'the body is not valid JSON'],
        ['{"name":"x"', 'the body is not valid JSON'],
        ['{"name":"x","__proto__":{"id":1}}', 'the body is not valid JSON'],
        ['', 'name is required'],
      ];
      for (const [body, error] of cases) {
        const answer = await client.send('POST', path, body, { 'Content-Type': 'application/json' });
        expect([answer.status, answer.body.error], body).to.deep.equal([400, error]);
      }
    });
  }

  const routes: Array<[string, string]> = [
    ['POST', '/ws/create-room'],
    ['GET', '/ws/get-rooms'],
    ['GET', '/ws/get-clients'],
    ['GET', '/ws/get-clients/1'],
    ['POST', '/api/rooms'],
    ['GET', '/api/rooms'],
    ['GET', '/api/rooms/1'],
    ['PATCH', '/api/rooms/1'],
    ['DELETE', '/api/rooms/1'],
  ];
  for (const [method, path] of routes) {
    it(`refuses ${method} ${path} without a token, or for another user than that of the token`, async () => {
      const expired = anonymous.as(ann, new Tokens(SECRET, -1));
      const forged = anonymous.as(ann, new Tokens('some other secret, also long enough'));
      for (const sender of [anonymous, expired, forged]) {
        const answer = await sender.send(method, path);
        expect(answer.status).to.equal(401);
        expect(answer.body.error).to.match(/token/);
      }
      for (const query of ['userId=2', 'username=bob', 'userId=1&username=bob']) {
        expect((await client.send(method, `${path}?${query}`)).status, query).to.equal(403);
      }
      expect((await client.send(method, `${path}?userId=one`)).status).to.equal(400);
      expect((await client.send(method, `${path}?userId=1&userId=1`)).status).to.equal(400);
    });
  }

  it('accepts a query that repeats the user of the token', async () => {
    expect((await client.get('/ws/get-rooms?userId=1&username=ann')).status).to.equal(200);
  });
});
