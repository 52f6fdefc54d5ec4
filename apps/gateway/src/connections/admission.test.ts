import { once } from 'node:events';
import { Tokens } from '@chorus/auth';
import { expect } from 'chai';
import type { Gateway } from '../create-gateway.js';
import { ANN, BOB, GatewayFixture } from '../testing/gateways.js';

describe('an upgrade of join-room', () => {
  const fixture = new GatewayFixture();
  let gateway: Gateway;

  before(async () => {
    gateway = await fixture.start({ ALLOWED_ORIGINS: 'https://chat.example.org' });
    await fixture.directory.ensure(1, 0);
  });
  after(() => fixture.close());

  async function expectRefusal(path: string, headers: Record<string, string>, status: number, error: RegExp) {
    const answer = await fixture.refusal(gateway, path, headers);
    expect(answer.status).to.equal(status);
    expect(answer.headers['content-type']).to.match(/^application\/json/);
    const original = /^\/ws\/join-room\/[^/]+$/.test(path);
    expect(Object.keys(answer.body)).to.deep.equal(original ? ['error'] : ['error', 'code']);
    expect(answer.body.error).to.match(error);
    return answer;
  }

  it('is refused with 401 without a token', () =>
    expectRefusal('/ws/join-room/1', {}, 401, /token is required/));

  it('is refused with 401 with a token of another secret', () => {
    const forged = new Tokens('another secret, as long as the real one').sign(ANN);
    return expectRefusal('/ws/join-room/1', { authorization: `Bearer ${forged}` }, 401, /not valid/);
  });

  it('is refused with 401 with an expired token', () => {
    const expired = new Tokens('a secret for tests that is long enough', -1).sign(ANN);
    return expectRefusal('/ws/join-room/1', { cookie: `jwt=${expired}` }, 401, /expired/);
  });

  it('is refused with 403 when the query names another user', () =>
    expectRefusal('/ws/join-room/1?userId=2&username=ann', fixture.bearer(ANN), 403, /userId/));

  it('is refused with 403 when the query has another name for the user', () =>
    expectRefusal('/ws/join-room/1?userId=1&username=eve', fixture.bearer(ANN), 403, /username/));

  it('is refused with 400 when the query is malformed', () =>
    expectRefusal('/ws/join-room/1?userId=one', fixture.bearer(ANN), 400, /userId/));

  it('is refused with 404 for an unknown room', () =>
    expectRefusal('/ws/join-room/99', fixture.bearer(ANN), 404, /there is no such room/));

  for (const id of ['0', '-1', '1.5', 'abc', '9007199254740992', '1%20', '%00'])
    it(`is refused with 400 for the room id ${id}`, () =>
      expectRefusal(`/ws/join-room/${id}`, fixture.bearer(ANN), 400, /roomId/));

  it('is refused with 400 for a path that is not validly encoded', () =>
    expectRefusal('/ws/join-room/%', fixture.bearer(ANN), 400, /not validly encoded/));

  it('reads a percent-encoded room id as the API does', () =>
    expectRefusal('/ws/join-room/%39%39', fixture.bearer(ANN), 404, /there is no such room/));

  it('is refused with 404 on another path', () =>
    expectRefusal('/ws/join-room/1/more', fixture.bearer(ANN), 404, /no such route/));

  it('is refused with 403 for a page of a foreign origin, whatever its token', async () => {
    for (const origin of ['https://evil.example.org', 'null', 'http://127.0.0.1:1'])
      await expectRefusal('/ws/join-room/1', { ...fixture.bearer(ANN), origin }, 403, /origin/);
  });

  it('is accepted for a page of the same host and for a configured origin', async () => {
    for (const origin of [`http://127.0.0.1:${gateway.port}`, 'https://chat.example.org']) {
      const socket = fixture.connect(gateway, '/ws/join-room/1', { ...fixture.bearer(BOB), origin });
      await once(socket.socket, 'open');
      socket.socket.close();
      await socket.ended;
    }
  });

  it('is refused with 503 and Retry-After while not all rooms are known', async () => {
    const incomplete = new GatewayFixture();
    const early = await incomplete.start();
    incomplete.rooms.complete = false;
    try {
      const answer = await incomplete.refusal(early, '/ws/join-room/1', incomplete.bearer(ANN));
      expect(answer.status).to.equal(503);
      expect(answer.headers['retry-after']).to.equal('1');
    } finally {
      await incomplete.close();
    }
  });

  it('trusts the query without a token only with AUTH=open', async () => {
    const open = new GatewayFixture();
    const trusting = await open.start({ AUTH: 'open' });
    await open.directory.ensure(1, 0);
    try {
      const socket = open.connect(trusting, '/ws/join-room/1?userId=7&username=old');
      const joined = await socket.next((frame) => frame.type === 'joined');
      expect(joined.username).to.equal('old');
      expect((await open.refusal(trusting, '/ws/join-room/1')).status).to.equal(400);
    } finally {
      await open.close();
    }
  });
});

describe('plain HTTP to a gateway', () => {
  const fixture = new GatewayFixture();
  let base: string;

  before(async () => {
    base = `http://127.0.0.1:${(await fixture.start()).port}`;
  });
  after(() => fixture.close());

  for (const [method, path, status] of [
    ['GET', '/livez', 200],
    ['HEAD', '/livez', 200],
    ['GET', '/readyz', 200],
    ['GET', '/ws/join-room/1', 426],
    ['GET', '/ws/connect', 426],
    ['POST', '/ws/join-room/1', 405],
    ['DELETE', '/livez', 405],
    ['GET', '/nowhere', 404],
    ['POST', '/nowhere', 404],
  ] as const)
    it(`answers ${method} ${path} with ${status}`, async () => {
      const response = await fetch(base + path, { method });
      expect(response.status).to.equal(status);
      const text = await response.text();
      if (method === 'HEAD') expect(text).to.equal('');
      else {
        const original = method === 'GET' && path === '/ws/join-room/1';
        const failure = original ? ['error'] : ['error', 'code'];
        expect(Object.keys(JSON.parse(text))).to.deep.equal(status < 400 ? ['status'] : failure);
      }
    });
});
