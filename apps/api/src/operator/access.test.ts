import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Database } from '@chorus/database';
import { ConfigError, StartError } from '@chorus/service';
import { until } from '@chorus/testing';
import { expect } from 'chai';
import { loadApiConfig } from '../config.js';
import { Client, openDatabase, startApi } from '../testing/api.js';
import {
  bearer,
  expectAnswer,
  type OperatorFixture,
  startOperatorApi,
  OPERATOR_TOKEN as TOKEN,
} from '../testing/operator.js';

describe('access to the operator API', function () {
  this.timeout(60_000);
  let db: Database;
  let fixture: OperatorFixture;
  let anonymous: Client;
  let operator: Client;

  before(async () => {
    db = (await openDatabase()).db;
    fixture = await startOperatorApi(db);
    ({ anonymous, operator } = fixture);
  });
  after(async () => {
    await fixture.running.close();
    await db.$disconnect();
  });

  describe('is refused', () => {
    const PATHS = ['/nodes', '/bans', '/nothing', '/users/1', '/metrics/', '/livez/x'];

    it('without the operator token, with another one and with a user token, on any path', async () => {
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
          expectAnswer(answer, 401, { error, code: 'unauthenticated' });
          expect(answer.headers.get('www-authenticate')).to.equal('Bearer');
        }
        expectAnswer(await client.post('/broadcast', { content: 'hello' }), 401, {
          error,
          code: 'unauthenticated',
        });
      }
      expect(fixture.events).to.deep.equal([]);
    });

    it('on the port of users', async () => {
      const answer = await fixture.running.client.with(bearer(TOKEN)).get('/nodes');
      expectAnswer(answer, 404, { error: 'no such route', code: 'route_not_found' });
    });

    it('to pages of any origin', async () => {
      const answer = await operator.with({ Origin: 'https://chat.example' }).get('/nodes');
      expect(answer.headers.get('access-control-allow-origin')).to.be.oneOf([null, '']);
    });

    it('without an operator port', async () => {
      const plain = await startApi(db);
      expect(plain.api.operatorPort).to.equal(undefined);
      await plain.close();
    });

    it('on every request while there is no token, with the name of the missing setting', async () => {
      const running = await startApi(db, { OPERATOR_PORT: '0' });
      const client = new Client(`http://127.0.0.1:${running.api.operatorPort}`);
      const error = 'there is no operator API here: OPERATOR_TOKEN is not set';
      for (const sender of [client, client.with(bearer(TOKEN)), client.with(bearer(''))]) {
        expectAnswer(await sender.get('/nodes'), 403, { error, code: 'operators_disabled' });
        expectAnswer(await sender.get('/nothing'), 403, { error, code: 'operators_disabled' });
        expectAnswer(await sender.post('/broadcast', { content: 'hello' }), 403, {
          error,
          code: 'operators_disabled',
        });
        expectAnswer(await sender.get('/livez'), 200, { status: 'live' });
        expect((await fetch(`${sender.url}/metrics`)).status).to.equal(200);
      }
      await running.close();
    });
  });

  describe('is open to monitoring', () => {
    it('for liveness and readiness, as on the port of users', async () => {
      await until(async () => (await anonymous.get('/readyz')).status === 200);
      expectAnswer(await anonymous.get('/livez'), 200, { status: 'live' });
      expectAnswer(await anonymous.get('/readyz'), 200, { status: 'ready' });
      expectAnswer(await fixture.running.client.get('/readyz'), 200, { status: 'ready' });
    });

    it('for metrics, with or without a token', async () => {
      for (const client of [anonymous, operator]) {
        const answer = await fetch(`${client.url}/metrics?x=1`, { headers: client.headers });
        expect(answer.status).to.equal(200);
        expect(answer.headers.get('content-type')).to.equal('text/plain; version=0.0.4; charset=utf-8');
        expect(await answer.text()).to.match(/^chorus_build_info\{service="api",version="[^"]+",node="/m);
      }
    });

    it('for nothing else', async () => {
      const answer = await anonymous.post('/metrics', {});
      expectAnswer(answer, 405, { error: 'POST is not allowed on this route', code: 'method_not_allowed' });
      expect(answer.headers.get('allow')).to.equal('GET, HEAD');
      expectAnswer(await fixture.running.client.get('/metrics'), 404, {
        error: 'no such route',
        code: 'route_not_found',
      });
    });
  });

  describe('is not started', () => {
    const load = (env: Record<string, string>) => loadApiConfig({ JWT_SECRET: 'x'.repeat(32), ...env });

    it('with a token but without a port', () => {
      expect(load({ OPERATOR_PORT: '9000' }).operator).to.deep.equal({
        port: 9000,
        token: undefined,
        warnings: [],
      });
      expect(() => load({ OPERATOR_TOKEN: TOKEN })).to.throw(ConfigError, /^OPERATOR_PORT is not set: /);
    });

    it('with an invalid port, or a token that fits in no header; the token is never shown', () => {
      expect(() => load({ OPERATOR_PORT: '70000', OPERATOR_TOKEN: TOKEN })).to.throw(
        ConfigError,
        'OPERATOR_PORT=',
      );
      expect(() => load({ OPERATOR_PORT: '9000', OPERATOR_TOKEN: 'hunter 2' }))
        .to.throw(ConfigError, /^OPERATOR_TOKEN is not valid/)
        .with.property('message')
        .that.does.not.include('hunter');
    });

    it('with a short token in production; elsewhere it logs a warning', () => {
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

  it('answers unknown requests with an error', async () => {
    expectAnswer(await operator.get('/nothing'), 404, { error: 'no such route', code: 'route_not_found' });
    const answer = await operator.get('/broadcast');
    expectAnswer(answer, 405, { error: 'GET is not allowed on this route', code: 'method_not_allowed' });
    expect(answer.headers.get('allow')).to.equal('POST');
    expect(
      (await operator.send('POST', '/broadcast', '{', { 'Content-Type': 'application/json' })).status,
    ).to.equal(400);
  });

  it('refuses invalid input, and changes nothing', async () => {
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
      ['POST', '/users/1/reset-link', { hours: 7 }, /^hours is not known here$/],
      ['POST', '/users/1/reset-link?hours=7', {}, /^hours is not known here$/],
      ['DELETE', '/users/1/ban?roomId=x', undefined, /^roomId must/],
      ['DELETE', '/users/1/ban?room=7', undefined, /^room is not known here$/],
      ['POST', '/users/1/ban?until=2099-01-01T00:00:00Z', {}, /^until is not known here$/],
      ['PUT', '/users/1/ban?roomId=7', {}, /^roomId is not known here$/],
      ['POST', '/users/1/disconnect?roomId=7', {}, /^roomId is not known here$/],
      ['POST', '/rebalance?sharePerMinute=0.1', {}, /^sharePerMinute is not known here$/],
      ['POST', '/broadcast?content=x', { content: 'x' }, /^content is not known here$/],
      ['GET', '/users/1?full=1', undefined, /^full is not known here$/],
      ['GET', '/nodes?limit=1', undefined, /^limit is not known here$/],
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
    expect(fixture.events).to.deep.equal([]);
    expect(await db.ban.count()).to.equal(0);
  });
});
