import type { Database } from '@chorus/database';
import { expect } from 'chai';
import { type Client, openDatabase, type RunningApi, startApi } from '../testing/api.js';

const ann = { id: 1, username: 'ann' };
const JSON_TYPE = { 'Content-Type': 'application/json' };

describe('the HTTP server', function () {
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

  describe('for other methods', () => {
    it('answers HEAD like GET, without the body', async () => {
      const { body } = await client.post('/api/rooms', { name: 'headed' });
      const get = await client.get(`/api/rooms/${body.id}`);
      const head = await client.send('HEAD', `/api/rooms/${body.id}`);
      expect([head.status, head.body]).to.deep.equal([200, '']);
      expect(head.headers.get('content-length')).to.equal(get.headers.get('content-length'));
      expect((await client.send('HEAD', '/api/rooms/4711')).status).to.equal(404);
    });

    it('answers OPTIONS with the allowed methods', async () => {
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

    it('lets them read errors as well', async () => {
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

    it('does not allow other origins', async () => {
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

  it('asks browsers to use TLS, on subdomains only if that is set', async () => {
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

    it('writes one line per request, with the id that the client sent', async () => {
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

    it('replaces an id that is not harmless', async () => {
      for (const id of ['a b', '{"x":1}', 'x'.repeat(129), 'ünï']) {
        const answer = await client.with({ 'X-Request-Id': encodeURIComponent(id) }).get('/livez');
        expect(answer.headers.get('x-request-id')).to.match(/^[0-9a-f-]{36}$/);
      }
    });

    it('does not log health checks', async () => {
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
});
