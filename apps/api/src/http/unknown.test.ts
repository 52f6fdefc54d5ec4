import type { Database } from '@chorus/database';
import { type HttpErrorCode, isOriginalRoute, KEY_SCOPE_NAMES, REFUSALS } from '@chorus/protocol';
import { expect } from 'chai';
import { publicRoutes } from '../routes.js';
import { type Client, openDatabase, type RunningApi, sendRaw, startApi } from '../testing/api.js';
import { newKey, withKey } from '../testing/keys.js';
import { routesOf } from './route-table.js';

const JSON_TYPE = { 'Content-Type': 'application/json' };

/** Path of a route with valid parameters. */
function pathTo(path: string, roomId: number): string {
  return path.replace(':roomId', String(roomId)).replace(':position', '1-1').replaceAll(/:\w+/g, '1');
}

describe('unknown requests', function () {
  this.timeout(60_000);
  let db: Database;
  let running: RunningApi;
  let anonymous: Client;
  let client: Client;
  before(async () => {
    db = (await openDatabase()).db;
    running = await startApi(db);
    anonymous = running.client;
    client = anonymous.as({ id: 1, username: 'ann' });
  });
  after(async () => {
    await running.close();
    await db.$disconnect();
  });

  it('get 404', async () => {
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
        const error = 'no such route';
        // A route of the gateways.
        const body = isOriginalRoute({ method, path }) ? { error } : { error, code: 'route_not_found' };
        expect([answer.status, answer.body], path).to.deep.equal([404, body]);
      }
    }
  });

  it('have a code in their error, except on the routes of the original service', async () => {
    // Every route refuses one of these: no token, a body that is not JSON, a page of another site.
    const stranger = anonymous.with({ Origin: 'https://elsewhere.example' });
    for (const { method, path, operation } of routesOf(publicRoutes)) {
      const original = operation.declaration.original === true;
      const url = pathTo(path, 1);
      const route = `${method} ${path}`;
      expect(isOriginalRoute({ method, path: url }), route).to.equal(original);
      const body = method === 'GET' ? undefined : '[';
      const answer = await stranger.send(method, `${url}?wrong=1`, body, JSON_TYPE);
      expect(answer.status, route).to.be.at.least(400);
      const { code, ...rest } = answer.body;
      expect(Object.keys(rest), route).to.deep.equal(['error']);
      if (original) expect(code, route).to.equal(undefined);
      else expect(REFUSALS[code as HttpErrorCode].status, route).to.equal(answer.status);
    }
    for (const path of ['/WS/get-rooms', '/ws/get-rooms/', '/ws/get-clients/1/']) {
      const { body } = await anonymous.get(path);
      expect(body, path).to.deep.equal({ error: 'a token is required' });
    }
  });

  it('with an unknown parameter get 400, on every route but those of the original service', async () => {
    const { id } = (await client.post('/api/rooms', { name: 'x' })).body;
    const program = withKey(anonymous, await newKey(db, KEY_SCOPE_NAMES));
    const original: string[] = [];
    for (const { method, path, operation } of routesOf(publicRoutes)) {
      const body = operation.declaration.body === undefined ? undefined : '{}';
      const { original: isOriginal, access } = operation.declaration;
      const sender = isOriginal === true ? anonymous : access === 'key' ? program : client;
      const query = path === '/livez' ? 'userId=1' : 'wrong=1';
      const answer = await sender.send(method, `${pathTo(path, id)}?${query}`, body, JSON_TYPE);
      const route = `${method} ${path}`;
      if (operation.declaration.original === true) original.push(route);
      else {
        const error = `${query.split('=')[0]} is not known here`;
        expect([answer.status, answer.body], route).to.deep.equal([400, { error, code: 'unknown_field' }]);
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
    expect((await client.send('POST', '/ws/create-room?wrong=1', '{"name":"x"}', JSON_TYPE)).status).to.equal(
      200,
    );
    expect((await anonymous.get('/api/users/logout?wrong=1')).status).to.equal(200);
  });

  it('with another method get 405 and the allowed methods', async () => {
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
        { error: `${method} is not allowed on this route`, code: 'method_not_allowed' },
      ]);
      expect((answer.headers.get('allow') ?? '').split(', ').sort().join(', ')).to.equal(allowed);
    }
  });

  it('with an invalid encoding in the path get 400', async () => {
    for (const path of ['/api/rooms/%zz', '/%', '/ws/get-clients/%ff']) {
      const answer = await client.get(path);
      const error = 'the path is not validly encoded';
      const body = path.startsWith('/ws/') ? { error } : { error, code: 'invalid_path' };
      expect([answer.status, answer.body]).to.deep.equal([400, body]);
    }
  });

  it('that are not HTTP get JSON', async () => {
    const cases: Array<[string, RegExp, string, HttpErrorCode]> = [
      ['nonsense\r\n\r\n', /^HTTP\/1.1 400 /, 'not a valid HTTP request', 'invalid_request'],
      [
        'BREW / HTTP/1.1\r\nHost: x\r\n\r\n',
        /^HTTP\/1.1 400 /,
        'not a valid HTTP request',
        'invalid_request',
      ],
      [
        'POST / HTTP/1.1\r\nHost: x\r\nContent-Length: x\r\n\r\n',
        /^HTTP\/1.1 400 /,
        'not a valid HTTP request',
        'invalid_request',
      ],
      [
        `GET / HTTP/1.1\r\nX: ${'x'.repeat(20_000)}\r\n\r\n`,
        /^HTTP\/1.1 431 /,
        'the headers are too large',
        'headers_too_large',
      ],
      [
        'GET /livez HTTP/1.1\r\nHost: x\r\nExpect: miracles\r\nConnection: close\r\n\r\n',
        /^HTTP\/1.1 417 /,
        'only Expect: 100-continue is supported',
        'unsupported_expectation',
      ],
    ];
    for (const [bytes, status, error, code] of cases) {
      const text = await sendRaw(running.api.port, bytes);
      expect(text).to.match(status);
      expect(JSON.parse(text.split('\r\n\r\n')[1] ?? '')).to.deep.equal({ error, code });
    }
    expect((await client.get('/livez')).status).to.equal(200);
  });
});
