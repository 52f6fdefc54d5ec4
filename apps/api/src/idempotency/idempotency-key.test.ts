import type { Database } from '@chorus/database';
import { KEY_SCOPE_NAMES } from '@chorus/protocol';
import { UnavailableError } from '@chorus/redis';
import { type Answer, eventually } from '@chorus/testing';
import { expect } from 'chai';
import { routesOf } from '../http/route-table.js';
import { publicRoutes } from '../routes.js';
import { Client, openDatabase, type RunningApi, startApi } from '../testing/api.js';
import { newKey, newUsers, withKey } from '../testing/keys.js';
import { bearer, OPERATOR_TOKEN } from '../testing/operator.js';

const ANN = { id: 1, username: 'ann' };
const BEN = { id: 2, username: 'ben' };
const URL = 'https://example.com/in';

describe('requests with an Idempotency-Key', function () {
  this.timeout(60_000);
  let db: Database;
  let running: RunningApi;
  let key: Client;
  let operator: Client;
  let keys = 0;

  before(async () => {
    db = (await openDatabase()).db;
    await newUsers(db, [ANN, BEN]);
    await db.$executeRaw`SELECT setval('users_id_seq', 100)`;
    running = await startApi(db, { OPERATOR_PORT: '0', OPERATOR_TOKEN, MAX_INVITES_PER_ROOM: '3' });
    await running.mirrored();
    key = withKey(running.client, await newKey(db, KEY_SCOPE_NAMES));
    operator = new Client(`http://127.0.0.1:${running.api.operatorPort}`, bearer(OPERATOR_TOKEN));
  });
  after(async () => {
    await running.close();
    await db.$disconnect();
  });

  const once = (client: Client, name = `key-${keys++}`): Client => client.with({ 'Idempotency-Key': name });
  const newRoom = async (): Promise<number> =>
    (await running.client.as(ANN).post('/api/rooms', { name: 'room' })).body.id;
  /** What a client sees of an answer. */
  const seen = ({ status, body, headers }: Answer) => [status, body, headers.get('location')];

  /** Requests that create something: the client, the path, a body, another body, and the table that gets a row. */
  const CREATIONS: ReadonlyArray<
    readonly [title: string, sender: () => Client, path: () => Promise<string>, object, object, string]
  > = [
    ['rooms', () => key, async () => '/api/rooms', { name: 'x' }, { name: 'y' }, 'rooms'],
    [
      'rooms of users',
      () => running.client.as(ANN),
      async () => '/api/rooms',
      { name: 'x' },
      { name: 'y' },
      'rooms',
    ],
    ['users', () => key, async () => '/api/users', { username: 'cat' }, { username: 'dan' }, 'users'],
    [
      'invitations',
      () => running.client.as(ANN),
      async () => `/api/rooms/${await newRoom()}/invites`,
      ...([{}, { maxUses: 2 }, 'invites'] as const),
    ],
    ['rooms of operators', () => operator, async () => '/rooms', { name: 'x' }, { name: 'y' }, 'rooms'],
    [
      'users of operators',
      () => operator,
      async () => '/users',
      { username: 'eve' },
      { username: 'fay' },
      'users',
    ],
  ];
  const countOf = async (table: string): Promise<number> => {
    const [row] = await db.$queryRawUnsafe<Array<{ count: bigint }>>(`SELECT count(*) FROM ${table}`);
    return Number(row?.count);
  };

  for (const [title, sender, pathOf, body, other, table] of CREATIONS) {
    it(`${title}: a repetition creates nothing and gets the first answer, whatever has changed since`, async () => {
      const path = await pathOf();
      const client = once(sender());
      const first = await client.post(path, body);
      expect(first.status, JSON.stringify(first.body)).to.equal(201);
      expect(first.headers.get('idempotency-replayed')).to.equal(null);
      await db.$executeRaw`UPDATE rooms SET topic = 'changed'`;
      const count = await countOf(table);
      const again = await client.post(path, body);
      expect(seen(again)).to.deep.equal(seen(first));
      expect(JSON.stringify(again.body)).to.equal(JSON.stringify(first.body));
      expect(again.headers.get('idempotency-replayed')).to.equal('true');
      expect(await countOf(table)).to.equal(count);
      const { status, body: refusal } = await client.post(path, other);
      expect([status, refusal.code]).to.deep.equal([422, 'idempotency_key_reused']);
      expect(await countOf(table)).to.equal(count);
    });
  }

  for (const [title, sender, path, body, table, location] of [
    ['API keys', () => operator, '/keys', { name: 'x', scopes: ['rooms:write'] }, 'api_keys', () => null],
    ['webhooks', () => key, '/api/webhooks', { url: URL }, 'webhooks', (id: string) => `/api/webhooks/${id}`],
    [
      'webhooks of operators',
      () => operator,
      '/webhooks',
      { url: URL },
      'webhooks',
      (id: string) => `/webhooks/${id}`,
    ],
  ] as const) {
    it(`${title}: the secret is stored nowhere, and a repetition is told what was created`, async () => {
      const client = once(sender());
      const first = await client.post(path, body);
      expect(first.status).to.equal(201);
      const count = await countOf(table);
      const again = await client.post(path, body);
      expect([again.status, again.body]).to.deep.equal([
        409,
        {
          error: `an earlier request with this Idempotency-Key has created ${first.body.id}, whose secret is not shown again`,
          code: 'already_created',
        },
      ]);
      expect(again.headers.get('location')).to.equal(location(String(first.body.id)));
      expect(await countOf(table)).to.equal(count);
      const rows = await db.idempotencyKey.findMany({ where: { createdId: String(first.body.id) } });
      expect(JSON.stringify(rows)).to.not.include(first.body.key ?? first.body.secret);
    });
  }

  it('that arrive at the same moment create one thing, and get one answer', async () => {
    const count = await countOf('rooms');
    for (const [path, body] of [
      ['/api/rooms', { name: 'x' }],
      ['/api/rooms', { name: 'x', id: 77_777 }],
      ['/api/users', { username: 'gil' }],
    ] as const) {
      const client = once(key);
      const answers = await Promise.all(Array.from({ length: 8 }, () => client.post(path, body)));
      const [first] = answers;
      for (const answer of answers) expect(seen(answer)).to.deep.equal(first && seen(first));
      expect(first?.status).to.equal(201);
    }
    expect(await countOf('rooms')).to.equal(count + 2);
  });

  it('of other callers are other requests', async () => {
    const room = { name: 'of all' };
    const senders = [
      ...[key, withKey(running.client, await newKey(db, KEY_SCOPE_NAMES))],
      ...[key.with({ 'X-Chorus-User': '1' }), key.with({ 'X-Chorus-User': '2' })],
      ...[running.client.as(ANN), running.client.as(BEN)],
    ];
    const ids = new Set<number>();
    for (const sender of senders) ids.add((await once(sender, 'one').post('/api/rooms', room)).body.id);
    expect(ids.size).to.equal(senders.length);
  });

  it('for another path or operation are refused', async () => {
    const [one, two] = [await newRoom(), await newRoom()];
    const ann = once(running.client.as(ANN));
    expect((await ann.post(`/api/rooms/${one}/invites`, {})).status).to.equal(201);
    for (const path of [`/api/rooms/${two}/invites`, '/api/rooms']) {
      const body = path === '/api/rooms' ? { name: 'x' } : {};
      expect((await ann.post(path, body)).body.code, path).to.equal('idempotency_key_reused');
    }
  });

  it('that are refused leave the key unused', async () => {
    const client = once(key);
    expect((await client.post('/api/users', { username: 'ann' })).status).to.equal(409);
    expect((await client.post('/api/users', { username: '' })).status).to.equal(400);
    expect((await client.post('/api/users', { username: 'hal' })).status).to.equal(201);
  });

  it('leave the key unused when a room is taken back because Redis is away', async () => {
    const client = once(key);
    const ensure = running.directory.ensure.bind(running.directory);
    running.directory.ensure = async () => {
      throw new UnavailableError('Redis is away');
    };
    expect((await client.post('/api/rooms', { name: 'x' })).status).to.equal(503);
    running.directory.ensure = ensure;
    const made = await client.post('/api/rooms', { name: 'x' });
    expect([made.status, made.headers.get('idempotency-replayed')]).to.deep.equal([201, null]);
    expect((await key.get(`/api/rooms/${made.body.id}`)).status).to.equal(200);
  });

  it('are answered also if the answer to the first one was lost with its API', async () => {
    // What a killed API leaves: all that was committed.
    const client = once(key);
    const { body } = await client.post('/api/rooms', { name: 'x' });
    const other = await startApi(db);
    const again = await other.client.with(client.headers).post('/api/rooms', { name: 'x' });
    expect(again.body).to.deep.equal(body);
    await other.close();
  });

  it('are forgotten after a day: the key is new, and its row is removed', async () => {
    const client = once(key);
    const age = () =>
      db.$executeRaw`UPDATE idempotency_keys SET created_at = now() - interval '24 hours 1 second'`;
    const first = (await client.post('/api/rooms', { name: 'x' })).body.id;
    await age();
    const second = (await client.post('/api/rooms', { name: 'y' })).body.id;
    expect(second).to.not.equal(first);
    expect((await client.post('/api/rooms', { name: 'y' })).body.id).to.equal(second);
    await age();
    const other = await startApi(db);
    await eventually(async () => expect(await db.idempotencyKey.count()).to.equal(0));
    await other.close();
  });

  it('may have quotes, and no other characters than those of messages', async () => {
    const client = once(key, 'quoted');
    const { body } = await client.post('/api/rooms', { name: 'x' });
    expect((await once(key, '"quoted"').post('/api/rooms', { name: 'x' })).body).to.deep.equal(body);
    for (const name of ['a b', 'x'.repeat(65), 'a"b']) {
      const { status, body } = await once(key, name).post('/api/rooms', { name: 'x' });
      expect([status, body.error]).to.deep.equal([
        ...[400, 'Idempotency-Key must be 1 to 64 letters, digits, dots, colons, dashes or underscores'],
      ]);
    }
  });

  it('are known to the operations that create something', () => {
    const known = routesOf(publicRoutes).flatMap(({ operation: { declaration } }) =>
      declaration.idempotent ? [declaration.id] : [],
    );
    expect(known.sort()).to.deep.equal(['createInvite', 'createRoom', 'createUser', 'createWebhook']);
  });
});
