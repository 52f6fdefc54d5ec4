import { once } from 'node:events';
import { connect } from 'node:net';
import { gzipSync } from 'node:zlib';
import { MemoryRoomDirectory, MemoryRooms } from '@chorus/broker';
import { createDatabase, type Database } from '@chorus/database';
import { UnavailableError } from '@chorus/redis';
import { expect } from 'chai';
import { publicRoutes } from '../routes.js';
import { type Answer, type Client, openDatabase, type RunningApi, startApi } from '../testing/api.js';
import { routesOf } from './route-table.js';

const ann = { id: 1, username: 'ann' };
const JSON_TYPE = { 'Content-Type': 'application/json' };

/** Sends bytes as they are and returns all that comes back. */
async function raw(port: number, bytes: string): Promise<string> {
  const socket = connect(port, '127.0.0.1');
  socket.end(bytes);
  let text = '';
  socket.on('data', (data) => {
    text += data;
  });
  await once(socket, 'close');
  return text;
}

describe('the HTTP face', function () {
  this.timeout(60_000);
  let db: Database;
  let running: RunningApi;
  let anonymous: Client;
  let client: Client;
  before(async () => {
    db = (await openDatabase()).db;
    running = await startApi(db, { ALLOWED_ORIGINS: 'https://chat.example' });
    anonymous = running.client;
    client = anonymous.as(ann);
  });
  after(async () => {
    await running.close();
    await db.$disconnect();
  });

  describe('for what it does not know', () => {
    it('answers 404', async () => {
      for (const path of [
        '/',
        '/api',
        '/api/room',
        '/ws/join-room/1',
        '/ws/get-clients/1/2',
        '//',
        '/api/rooms/1/walls',
      ]) {
        for (const method of ['GET', 'POST', 'DELETE']) {
          const answer = await client.send(method, path);
          expect([answer.status, answer.body], path).to.deep.equal([404, { error: 'no such route' }]);
        }
      }
    });

    it('answers 405 and names what is allowed', async () => {
      const cases: Array<[string, string, string]> = [
        ['PUT', '/api/rooms/1', 'DELETE, GET, HEAD, PATCH'],
        ['POST', '/api/rooms/1', 'DELETE, GET, HEAD, PATCH'],
        ['PATCH', '/api/rooms', 'GET, HEAD, POST'],
        ['GET', '/api/users/signin', 'POST'],
        ['GET', '/ws/create-room', 'POST'],
        ['POST', '/ws/get-rooms', 'GET, HEAD'],
      ];
      for (const [method, path, allowed] of cases) {
        const answer = await anonymous.send(method, path);
        expect([answer.status, answer.body]).to.deep.equal([
          405,
          { error: `${method} is not allowed on this route` },
        ]);
        expect((answer.headers.get('allow') ?? '').split(', ').sort().join(', ')).to.equal(allowed);
      }
    });

    it('answers 400 to a path that is not validly encoded', async () => {
      for (const path of ['/api/rooms/%zz', '/%', '/ws/get-clients/%ff']) {
        const answer = await client.get(path);
        expect([answer.status, answer.body]).to.deep.equal([
          400,
          { error: 'the path is not validly encoded' },
        ]);
      }
    });

    it('answers in JSON to what is not HTTP', async () => {
      const cases: Array<[string, RegExp, string]> = [
        ['nonsense\r\n\r\n', /^HTTP\/1.1 400 /, 'not a valid HTTP request'],
        ['BREW / HTTP/1.1\r\nHost: x\r\n\r\n', /^HTTP\/1.1 400 /, 'not a valid HTTP request'],
        [
          'POST / HTTP/1.1\r\nHost: x\r\nContent-Length: x\r\n\r\n',
          /^HTTP\/1.1 400 /,
          'not a valid HTTP request',
        ],
        [
          `GET / HTTP/1.1\r\nX: ${'x'.repeat(20_000)}\r\n\r\n`,
          /^HTTP\/1.1 431 /,
          'the headers are too large',
        ],
        [
          'GET /livez HTTP/1.1\r\nHost: x\r\nExpect: miracles\r\nConnection: close\r\n\r\n',
          /^HTTP\/1.1 417 /,
          'only Expect: 100-continue is supported',
        ],
      ];
      for (const [bytes, status, error] of cases) {
        const text = await raw(running.api.port, bytes);
        expect(text).to.match(status);
        expect(text.split('\r\n\r\n')[1]).to.contain(JSON.stringify({ error }));
      }
      expect((await client.get('/livez')).status).to.equal(200);
    });
  });

  describe('for bodies', () => {
    const post = (body: string | Uint8Array<ArrayBuffer>, headers: Record<string, string>): Promise<Answer> =>
      client.send('POST', '/api/rooms', body, headers);

    it('answers 415 to what is not JSON', async () => {
      for (const type of [
        'text/plain',
        'application/x-www-form-urlencoded',
        'multipart/form-data; boundary=x',
        'application/jsonp',
        'application/json; charset=latin1',
        'json',
      ]) {
        const answer = await post('{"name":"x"}', { 'Content-Type': type });
        expect(answer.status, type).to.equal(415);
        expect(answer.body.error).to.match(/Content-Type: application\/json/);
      }
      expect((await post('{"name":"x"}', { ...JSON_TYPE, 'Content-Encoding': 'rot13' })).status).to.equal(
        415,
      );
    });

    it('takes JSON by any of its names, compressed too', async () => {
      const body = '{"name":"x"}';
      expect((await post(body, { 'Content-Type': 'Application/JSON;charset=UTF-8' })).status).to.equal(201);
      const zipped = new Uint8Array(gzipSync(body));
      expect((await post(zipped, { ...JSON_TYPE, 'Content-Encoding': 'gzip' })).status).to.equal(201);
    });

    it('answers 400 to invalid UTF-8, and stores none of it', async () => {
      for (const bytes of [[0xff], [0xc3], [0xf0, 0x9f, 0x98], [0xed, 0xa0, 0x80], [0xc0, 0xaf]]) {
        const body = new Uint8Array([...Buffer.from('{"name":"x'), ...bytes, ...Buffer.from('"}')]);
        const answer = await post(body, JSON_TYPE);
        expect([answer.status, answer.body]).to.deep.equal([400, { error: 'the body is not valid UTF-8' }]);
      }
    });

    it('answers 400 to a field that it does not know, except on the routes of the original service', async () => {
      const body = JSON.stringify({ name: 'x', private: true });
      const refused = await post(body, JSON_TYPE);
      expect([refused.status, refused.body]).to.deep.equal([400, { error: 'private is not known here' }]);
      expect((await client.send('POST', '/ws/create-room', body, JSON_TYPE)).status).to.equal(200);
      const { id } = (await post('{"name":"x"}', JSON_TYPE)).body;
      expect((await client.send('PATCH', `/api/rooms/${id}`, body, JSON_TYPE)).status).to.equal(400);
    });

    it('answers 400 to a parameter that it does not know, on every route but those of the original service', async () => {
      const { id } = (await post('{"name":"x"}', JSON_TYPE)).body;
      const original: string[] = [];
      for (const { method, path, operation } of routesOf(publicRoutes)) {
        const body = operation.declaration.body === undefined ? undefined : '{}';
        const sender = operation.declaration.original === true ? anonymous : client;
        const query = path === '/livez' ? 'userId=1' : 'wrong=1';
        const answer = await sender.send(method, `${path.replace(':roomId', id)}?${query}`, body, JSON_TYPE);
        const route = `${method} ${path}`;
        if (operation.declaration.original === true) original.push(route);
        else {
          const error = `${query.split('=')[0]} is not known here`;
          expect([answer.status, answer.body], route).to.deep.equal([400, { error }]);
        }
      }
      expect(original.sort()).to.deep.equal([
        'GET /api/users/logout',
        'GET /ws/get-clients',
        'GET /ws/get-clients/:roomId',
        'GET /ws/get-rooms',
        'POST /api/users/signin',
        'POST /api/users/signup',
        'POST /ws/create-room',
      ]);
      expect((await client.get(`/api/rooms/${id}?userId=1&username=ann`)).status).to.equal(200);
      expect((await client.get(`/ws/get-clients/${id}?wrong=1`)).status).to.equal(200);
      expect((await client.get('/ws/get-clients?wrong=1')).status).to.equal(200);
      expect((await client.get('/ws/get-rooms?wrong=1&after=0')).status).to.equal(200);
      expect(
        (await client.send('POST', '/ws/create-room?wrong=1', '{"name":"x"}', JSON_TYPE)).status,
      ).to.equal(200);
      expect((await anonymous.get('/api/users/logout?wrong=1')).status).to.equal(200);
    });

    it('answers 413 to more than 64 KiB, announced or not, compressed or not', async () => {
      const large = JSON.stringify({ name: 'x', padding: 'y'.repeat(65_536) });
      const answers = [
        await post(large, JSON_TYPE),
        await post(new Uint8Array(gzipSync(large)), { ...JSON_TYPE, 'Content-Encoding': 'gzip' }),
      ];
      for (const answer of answers) {
        expect([answer.status, answer.body]).to.deep.equal([
          413,
          { error: 'the body must not be larger than 64 KiB' },
        ]);
      }
      const chunk = 'z'.repeat(65_537);
      const text = await raw(
        running.api.port,
        `POST /api/rooms HTTP/1.1\r\nHost: x\r\nCookie: ${client.headers.Cookie}\r\nContent-Type: application/json\r\n` +
          `Transfer-Encoding: chunked\r\n\r\n${chunk.length.toString(16)}\r\n${chunk}\r\n0\r\n\r\n`,
      );
      expect(text).to.match(/^HTTP\/1.1 413 /);
      expect(text).to.match(/^Connection: close\r$/m);
      const whole = `{"name":"x"${' '.repeat(60_000)}}`;
      expect((await post(whole, JSON_TYPE)).status).to.equal(201);
    });

    it('answers 400 to a body that is not what its encoding says', async () => {
      const answer = await post('plain', { ...JSON_TYPE, 'Content-Encoding': 'gzip' });
      expect([answer.status, answer.body]).to.deep.equal([400, { error: 'the body is not valid JSON' }]);
    });

    it('does not read the body of a request without a token', async () => {
      const answer = await anonymous.send('POST', '/api/rooms', '{', JSON_TYPE);
      expect(answer.status).to.equal(401);
    });
  });

  describe('for other methods', () => {
    it('answers HEAD like GET, without the body', async () => {
      const { body } = await client.post('/api/rooms', { name: 'headed' });
      const get = await client.get(`/api/rooms/${body.id}`);
      const head = await client.send('HEAD', `/api/rooms/${body.id}`);
      expect([head.status, head.body]).to.deep.equal([200, undefined]);
      expect(head.headers.get('content-length')).to.equal(get.headers.get('content-length'));
      expect((await client.send('HEAD', '/api/rooms/4711')).status).to.equal(404);
    });

    it('answers OPTIONS with what is allowed', async () => {
      const answer = await anonymous.send('OPTIONS', '/api/rooms');
      expect(answer.status).to.equal(200);
      expect((answer.headers.get('allow') ?? '').split(', ').sort()).to.deep.equal(['GET', 'HEAD', 'POST']);
    });
  });

  describe('for pages of other origins', () => {
    const from = (origin: string): Client => client.with({ Origin: origin });

    it('allows those on the list, with credentials', async () => {
      const answer = await from('https://chat.example').get('/ws/get-rooms');
      expect(answer.headers.get('access-control-allow-origin')).to.equal('https://chat.example');
      expect(answer.headers.get('access-control-allow-credentials')).to.equal('true');
      expect(answer.headers.get('access-control-expose-headers')).to.match(/Link/);
      expect(answer.headers.get('vary')).to.match(/Origin/);
    });

    it('lets them read errors, too', async () => {
      for (const path of ['/ws/get-clients/4711', '/nowhere', '/api/rooms/x']) {
        const answer = await from('https://chat.example').get(path);
        expect(answer.headers.get('access-control-allow-origin'), path).to.equal('https://chat.example');
      }
    });

    it('answers preflights', async () => {
      const preflight = {
        'Access-Control-Request-Method': 'PATCH',
        'Access-Control-Request-Headers': 'content-type',
      };
      const answer = await from('https://chat.example').send('OPTIONS', '/api/rooms/1', undefined, preflight);
      expect(answer.status).to.equal(204);
      expect(answer.headers.get('access-control-allow-methods')).to.match(/PATCH/);
      expect(answer.headers.get('access-control-allow-headers')).to.match(/Content-Type/i);
      const foreign = await from('https://evil.example').send(
        'OPTIONS',
        '/api/rooms/1',
        undefined,
        preflight,
      );
      expect(foreign.headers.get('access-control-allow-origin')).to.equal(null);
      expect(foreign.headers.get('access-control-allow-methods')).to.equal(null);
    });

    it('allows no others', async () => {
      for (const origin of [
        'https://evil.example',
        'http://chat.example',
        'https://chat.example.evil.example',
        'null',
      ]) {
        const answer = await from(origin).get('/ws/get-rooms');
        expect(answer.headers.get('access-control-allow-origin'), origin).to.equal(null);
        expect(answer.headers.get('access-control-allow-credentials'), origin).to.equal(null);
      }
    });
  });

  it('sends security headers with every answer', async () => {
    for (const path of ['/livez', '/nowhere', '/api/users/me']) {
      const { headers } = await anonymous.get(path);
      expect(headers.get('x-content-type-options')).to.equal('nosniff');
      expect(headers.get('content-security-policy')).to.equal("default-src 'none';frame-ancestors 'none'");
      expect(headers.get('cache-control')).to.equal('no-store');
      expect(headers.get('x-powered-by')).to.equal(null);
    }
  });

  it('asks browsers for TLS, on subdomains only where that is set', async () => {
    const asked = async (sender: Client): Promise<string | null> =>
      (await sender.get('/livez')).headers.get('strict-transport-security');
    expect(await asked(client)).to.equal('max-age=31536000');
    const whole = await startApi(db, { HSTS_INCLUDE_SUBDOMAINS: 'true' });
    try {
      expect(await asked(whole.client)).to.equal('max-age=31536000; includeSubDomains');
    } finally {
      await whole.close();
    }
  });

  describe('in its log', () => {
    const lineOf = (id: string): Record<string, unknown> => {
      const lines = running.log.filter((line) => line.includes(id)).map((line) => JSON.parse(line));
      expect(lines).to.have.length(1);
      return lines[0];
    };

    it('writes one line a request, under the id that the client sent', async () => {
      const answer = await client.with({ 'X-Request-Id': 'my-request.1' }).get('/api/rooms/4711?userId=1');
      expect(answer.headers.get('x-request-id')).to.equal('my-request.1');
      const line = lineOf('my-request.1');
      expect(line).to.deep.include({
        level: 30,
        nodeId: running.api.nodeId,
        method: 'GET',
        route: '/api/rooms/:roomId',
        status: 404,
        userId: 1,
      });
      expect(line.ms).to.be.a('number');
    });

    it('makes up an id in the place of one that is not harmless', async () => {
      for (const id of ['a b', '{"x":1}', 'x'.repeat(129), 'ünï']) {
        const answer = await client.with({ 'X-Request-Id': encodeURIComponent(id) }).get('/livez');
        expect(answer.headers.get('x-request-id')).to.match(/^[0-9a-f-]{36}$/);
      }
    });

    it('keeps health checks out of the way', async () => {
      await client.with({ 'X-Request-Id': 'a-health-check' }).get('/livez');
      expect(lineOf('a-health-check').level).to.equal(20);
    });

    it('never writes secrets', async () => {
      const user = { username: 'sesame', email: 'sesame@example.com', password: 'open-sesame-123' };
      await anonymous.post('/api/users/signup', user);
      const signedIn = await anonymous.post('/api/users/signin', user);
      const token = /jwt=([^;]+)/.exec(signedIn.headers.get('set-cookie') ?? '')?.[1] ?? '';
      await anonymous.send(
        'POST',
        '/api/users/signin',
        `{"email":"x","password":"${user.password}"`,
        JSON_TYPE,
      );
      await anonymous.with({ Authorization: `Bearer ${token}` }).get('/api/users/me');
      await anonymous.get(`/api/users/me?token=${token}`);
      const log = running.log.join('');
      expect(log).to.include('/api/users/signin');
      expect(token).to.have.length.greaterThan(100);
      for (const secret of [user.password, token, '$2b$', user.email]) expect(log).not.to.include(secret);
    });
  });

  describe('when something breaks', () => {
    /** A directory whose `begin` fails in a given way. */
    class BrokenDirectory extends MemoryRoomDirectory {
      constructor(private readonly failure: unknown) {
        super(new MemoryRooms());
      }

      override async begin(): Promise<void> {
        throw this.failure;
      }
    }

    let broken: RunningApi;
    afterEach(() => broken.close());

    it('answers 500 without any detail, and logs it', async () => {
      broken = await startApi(
        db,
        {},
        { directory: new BrokenDirectory(new TypeError('hunter2 is undefined')) },
      );
      const answer = await broken.client.as(ann).post('/ws/create-room', { name: 'x' });
      expect([answer.status, answer.body]).to.deep.equal([500, { error: 'internal error' }]);
      const line = broken.log.find((text) => text.includes('hunter2'));
      expect(JSON.parse(line ?? '{}')).to.include({
        level: 50,
        requestId: answer.headers.get('x-request-id'),
      });
    });

    it('answers 503 with Retry-After while Redis is away, and makes no room', async () => {
      const failure = new UnavailableError('redis.internal:6379 said no');
      broken = await startApi(db, {}, { directory: new BrokenDirectory(failure) });
      const answer = await broken.client.as(ann).post('/ws/create-room', { id: 4712, name: 'x' });
      expect([answer.status, answer.body]).to.deep.equal([
        503,
        { error: 'temporarily unavailable, try again' },
      ]);
      expect(answer.headers.get('retry-after')).to.equal('1');
      expect((await client.get('/api/rooms/4712')).status).to.equal(404);
    });

    it('answers 503 while PostgreSQL is away, on every route that needs it', async () => {
      const away = createDatabase('postgresql://chorus@127.0.0.1:1/chorus', { poolSize: 1, timeoutMs: 500 });
      broken = await startApi(away);
      const sender = broken.client.as(ann);
      const user = { username: 'x', email: 'x@example.com', password: 'rahasia' };
      const answers = [
        await sender.post('/api/users/signup', user),
        await sender.post('/api/users/signin', user),
        await sender.get('/api/users/me'),
        await sender.post('/ws/create-room', { id: 1, name: 'x' }),
        await sender.post('/api/rooms', { name: 'x' }),
        await sender.get('/ws/get-rooms'),
        await sender.get('/ws/get-clients/1'),
        await sender.get('/api/rooms'),
        await sender.get('/api/rooms/1'),
        await sender.patch('/api/rooms/1', { name: 'x' }),
        await sender.delete('/api/rooms/1'),
      ];
      for (const answer of answers) {
        expect([answer.status, answer.body]).to.deep.equal([
          503,
          { error: 'temporarily unavailable, try again' },
        ]);
      }
      expect((await sender.get('/livez')).status).to.equal(200);
      const ready = await sender.get('/readyz');
      expect([ready.status, ready.body]).to.deep.equal([
        503,
        { error: 'starting: PostgreSQL: cannot be reached; Redis: rooms missing' },
      ]);
      // The session has ended, but not for good: Redis could lose the sign-out.
      expect((await sender.get('/api/users/logout')).status).to.equal(503);
    });

    it('answers 503 when nobody knows who is present', async () => {
      const away = (): Promise<never> => Promise.reject(new Error('connection is closed'));
      broken = await startApi(db, {}, { presence: { members: away, everyone: away, busiest: away } });
      const { body } = await client.post('/api/rooms', { name: 'x' });
      for (const path of ['/ws/get-clients', `/ws/get-clients/${body.id}`]) {
        const answer = await broken.client.as(ann).get(path);
        expect([answer.status, answer.body]).to.deep.equal([
          503,
          { error: 'temporarily unavailable, try again' },
        ]);
      }
    });
  });
});
