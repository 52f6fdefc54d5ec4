import { once } from 'node:events';
import { RawClient, statusOf } from '@chorus/service/testing';
import { expect } from 'chai';
import {
  createPerson,
  createRoom,
  type Person,
  type RequestOptions,
  request,
} from '../../support/clients/people.js';
import { expectError } from '../expectations.js';
import type { Target } from '../target.js';
import { badTokens } from '../tokens.js';

const SIGN_UP = '/api/users/signup';
const SIGN_IN = '/api/users/signin';
const CREATE_ROOM = '/ws/create-room';
const GOOD_SIGN_UP = { username: 'somebody', email: 'somebody@example.com', password: 'open sesame' };
const MAX_BODY = 65_536;

/** Requests that are malformed or invalid, and how the answer begins: it names the field. */
const INVALID: ReadonlyArray<readonly [what: string, path: string, body: unknown, error: RegExp]> = [
  ...(['username', 'email', 'password'] as const).flatMap((field) => [
    [
      `no ${field}`,
      SIGN_UP,
      { ...GOOD_SIGN_UP, [field]: undefined },
      new RegExp(`^${field} is required`),
    ] as const,
    [
      `a number for ${field}`,
      SIGN_UP,
      { ...GOOD_SIGN_UP, [field]: 7 },
      new RegExp(`^${field} must be a string`),
    ] as const,
    [`an empty ${field}`, SIGN_UP, { ...GOOD_SIGN_UP, [field]: '' }, new RegExp(`^${field} must`)] as const,
    [
      `NUL in ${field}`,
      SIGN_UP,
      { ...GOOD_SIGN_UP, [field]: 'nul\u0000@example.com' },
      new RegExp(`^${field} must`),
    ] as const,
    [
      `half a surrogate pair in ${field}`,
      SIGN_UP,
      { ...GOOD_SIGN_UP, [field]: 'half\ud800@example.com' },
      new RegExp(`^${field} must`),
    ] as const,
  ]),
  ['a blank user name', SIGN_UP, { ...GOOD_SIGN_UP, username: ' \t ' }, /^username must/],
  ['too long a user name', SIGN_UP, { ...GOOD_SIGN_UP, username: 'x'.repeat(65) }, /^username must/],
  [
    'what is no e-mail address',
    SIGN_UP,
    { ...GOOD_SIGN_UP, email: 'somebody' },
    /^email must be an e-mail address/,
  ],
  [
    'too long an e-mail address',
    SIGN_UP,
    { ...GOOD_SIGN_UP, email: `${'x'.repeat(250)}@example.com` },
    /^email must/,
  ],
  ['an empty object', SIGN_IN, {}, /^email is required/],
  [
    'an object for a password',
    SIGN_IN,
    { email: 'a@example.com', password: { $ne: '' } },
    /^password must be a string/,
  ],
  ['an array', SIGN_IN, [GOOD_SIGN_UP], /^the body must be a JSON object/],
  ['null', SIGN_IN, null, /^the body/],
  ['no name', CREATE_ROOM, { id: 1 }, /^name is required/],
  ['an empty name', CREATE_ROOM, { name: '' }, /^name must/],
  ['too long a name', CREATE_ROOM, { name: 'x'.repeat(129) }, /^name must/],
  ['an array for a name', CREATE_ROOM, { name: ['room'] }, /^name must be a string/],
  ...[0, -1, 1.5, 2 ** 53, '0', '01x', '', ' 1', '1e3', true, [1], {}, null].map(
    (id) =>
      [
        `the id ${JSON.stringify(id)}`,
        CREATE_ROOM,
        { id, name: 'room' },
        /^id must be a positive integer/,
      ] as const,
  ),
];

export function describeBadRequests(target: () => Target): void {
  let ann: Person;
  let room: number;
  before(async () => {
    ann = await createPerson(target().url, 'ann');
    room = await createRoom(target().url, ann);
  });
  const ask = (path: string, options: RequestOptions = {}) =>
    request(`${target().url}${path}`, { token: ann.token, ...options });

  describe('400, with the field’s name', () => {
    for (const [what, path, body, error] of INVALID) {
      it(`for ${what} in POST ${path}`, async () => {
        expect(expectError(await ask(path, { body }), 400)).to.match(error);
      });
    }

    for (const path of ['/ws/get-clients/', '/api/rooms/']) {
      for (const id of ['0', 'abc', '1.5', '9007199254740992', '%2d1']) {
        it(`for GET ${path}${id}`, async () => {
          expect(expectError(await ask(`${path}${id}`), 400)).to.match(/^roomId must be a positive integer/);
        });
      }
    }

    for (const [path, error] of [
      ['/ws/get-rooms?after=x', /^after must/],
      ['/ws/get-rooms?after=1&after=2', /^after must/],
      ['/api/rooms?cursor=-1', /^cursor must/],
      ['/api/rooms?limit=0', /^limit must/],
      ['/api/rooms?limit=101', /^limit must/],
      ['/api/rooms/1/messages?limit=101', /^limit must/],
      ['/api/rooms/1/messages?before=7', /^before must/],
      ['/api/rooms/1/messages?before=1-1&after=1-1', /^after must/],
      ['/ws/get-rooms?userId=me', /^userId must/],
      ['/api/rooms?after=1', /^after is not known here$/],
      ['/api/rooms/1/messages?since=1-1', /^since is not known here$/],
      ['/api/users/me?userId=1', /^userId is not known here$/],
      ['/readyz?verbose', /^verbose is not known here$/],
    ] as const) {
      it(`for GET ${path}`, async () => {
        expect(expectError(await ask(path), 400)).to.match(error);
      });
    }
  });

  describe('400, for what cannot be read', () => {
    for (const raw of ['{', '{"id":1,}', 'room1', '"room1"', 'nul']) {
      it(`for the body ${raw}`, async () => {
        expect(expectError(await ask(CREATE_ROOM, { raw }), 400)).to.match(/^the body/);
      });
    }
    it('for an empty body', async () => {
      expectError(await ask(CREATE_ROOM, { method: 'POST' }), 400);
    });
    it('for a path that is not validly encoded', async () => {
      expectError(await ask('/ws/get-clients/%ff'), 400);
    });
  });

  describe('401', () => {
    const ROUTES: ReadonlyArray<readonly [path: string, options?: RequestOptions]> = [
      [CREATE_ROOM, { body: { name: 'room' } }],
      ['/ws/get-rooms'],
      ['/ws/get-clients'],
      ['/ws/get-clients/1'],
      ['/api/users/me'],
      ['/api/users/refresh', { method: 'POST' }],
      ['/api/rooms'],
      ['/api/rooms', { body: { name: 'room' } }],
      ['/api/rooms/1'],
      ['/api/rooms/1/messages'],
      ['/api/rooms/1', { method: 'PATCH', body: { name: 'room' } }],
      ['/api/rooms/1', { method: 'DELETE' }],
    ];
    for (const { what, token } of badTokens(target, () => ann)) {
      it(`for ${what}, on every route of rooms and users`, async () => {
        for (const [path, options] of ROUTES) {
          const bearer = token();
          const headers = bearer === undefined ? {} : { cookie: `jwt=${bearer}` };
          const answer = await request(`${target().url}${path}`, { ...options, headers });
          expectError(answer, 401);
        }
      });
    }
  });

  it('403 for a query that names somebody else', async () => {
    expectError(await ask(`/ws/get-rooms?userId=${ann.id + 1}`), 403);
    expectError(await ask(`/ws/get-clients/${room}?userId=${ann.id}&username=somebody`), 403);
  });

  it('404 for what does not exist', async () => {
    expectError(await ask('/nothing'), 404);
    expectError(await ask('/api/nothing'), 404);
    expectError(await ask('/api/rooms/123456789012345'), 404);
    expectError(await ask('/api/rooms/123456789012345/messages'), 404);
    expectError(await ask('/ws/get-clients/123456789012345'), 404);
  });

  it('405 for a method that a route does not have', async () => {
    expectError(await ask('/ws/get-rooms', { method: 'POST', body: {} }), 405);
    expectError(await ask(SIGN_UP, { method: 'GET' }), 405);
    expectError(await ask(`/ws/join-room/${room}`, { method: 'POST', body: {} }), 405);
  });

  it('413 for too large a body', async () => {
    const raw = JSON.stringify({ name: 'x'.repeat(MAX_BODY) });
    for (const path of [SIGN_UP, SIGN_IN, CREATE_ROOM, '/api/rooms']) {
      expectError(await ask(path, { raw }), 413);
    }
  });

  it('413 to a client that sends all of a body before it reads', async () => {
    const { url } = target();
    for (let n = 0; n < 5; n++) {
      const client = await RawClient.open(url);
      client.socket.pause();
      const head = ['Host: chat', 'Content-Type: application/json', 'Content-Length: 3000000'];
      client.send([`POST ${SIGN_UP} HTTP/1.1`, ...head], 'x'.repeat(3_000_000));
      while (client.socket.writableLength > 0) await once(client.socket, 'drain');
      client.socket.resume();
      const text = await client.until('}');
      expect(statusOf(text)).to.equal(413);
      client.socket.destroy();
    }
  });

  it('400 for an upgrade without Host, and ends the connection', async () => {
    for (const path of [`/ws/join-room/${room}`, '/ws/connect', '/api/rooms']) {
      const head = ['Connection: Upgrade', 'Upgrade: websocket', 'Sec-WebSocket-Version: 13'];
      expect(statusOf(await RawClient.ask(target().url, [`GET ${path} HTTP/1.1`, ...head]))).to.equal(400);
    }
  });

  it('the usual answer to an upgrade to an unknown protocol', async () => {
    const h2c = [
      'Host: chat',
      'Connection: Upgrade, HTTP2-Settings',
      'Upgrade: h2c',
      'HTTP2-Settings: AAMAAABk',
    ];
    for (const [path, status] of [
      ['/livez', 200],
      ['/api/rooms', 401],
      [`/ws/join-room/${room}`, 426],
      ['/nowhere', 404],
    ] as const) {
      const client = (await RawClient.open(target().url)).send([`GET ${path} HTTP/1.1`, ...h2c]);
      expect(statusOf(await client.until('}'))).to.equal(status);
      client.socket.destroy();
    }
  });

  it('415 for what is not JSON', async () => {
    const form = { raw: 'name=room', headers: { 'content-type': 'application/x-www-form-urlencoded' } };
    const text = { raw: '{"name":"room"}', headers: { 'content-type': 'text/plain' } };
    const latin = { raw: '{"name":"room"}', headers: { 'content-type': 'application/json; charset=latin1' } };
    const packed = { raw: '{}', headers: { 'content-encoding': 'br2' } };
    for (const options of [form, text, latin, packed]) expectError(await ask(CREATE_ROOM, options), 415);
  });

  it('never 500, however odd the request', async () => {
    const deep = '{"name":'.repeat(5_000);
    const bodies = [
      '[]',
      '0',
      'true',
      '{"__proto__":{"name":"x"}}',
      '{"id":1e400,"name":"x"}',
      '\ufeff{}',
      deep,
    ];
    const odd: Array<readonly [path: string, options?: RequestOptions]> = [
      ['/ws/get-rooms?after=%00'],
      ['/ws/get-rooms?after[]=1&after[a]=2&__proto__=1'],
      ['/ws/get-clients/1%00'],
      ['/ws/get-clients/%E0%A4%A'],
      ['/api/rooms/constructor'],
      ['/api/rooms?cursor=9007199254740992'],
      ['/api/rooms?userId=%00&username=%ff'],
      ['/api/users/me', { headers: { authorization: 'Bearer \u00e9', cookie: 'jwt=%; ;=;' } }],
      ...[SIGN_UP, SIGN_IN, CREATE_ROOM, '/api/rooms'].flatMap((path) =>
        [...bodies, new Uint8Array([0x7b, 0xff, 0x7d])].map((raw) => [path, { raw }] as const),
      ),
    ];
    for (const [path, options] of odd) {
      const answer = await ask(path, options);
      expect(answer.status, path).to.be.within(200, 499);
      if (answer.status >= 400) expectError(answer, answer.status);
    }
  });

  it('CORS headers for pages of origins that are allowed, and for no others', async () => {
    const allowed = await ask('/ws/get-rooms', { headers: { origin: 'https://chat.example' } });
    expect(allowed.headers.get('access-control-allow-origin')).to.equal('https://chat.example');
    expect(allowed.headers.get('access-control-allow-credentials')).to.equal('true');
    const foreign = await ask('/ws/get-rooms', { headers: { origin: 'https://evil.example' } });
    expect(foreign.headers.get('access-control-allow-origin')).to.equal(null);
    expect(foreign.headers.get('x-content-type-options')).to.equal('nosniff');
  });
}
