import { randomBytes } from 'node:crypto';
import type { Database } from '@chorus/database';
import { KEY_SCOPE_NAMES } from '@chorus/protocol';
import { SecretBox } from '@chorus/service';
import { expect } from 'chai';
import { type Route, routesOf } from '../http/route-table.js';
import { type Client, openDatabase, type RunningApi, startApi } from '../testing/api.js';
import { newKey, withKey } from '../testing/keys.js';
import { ENDPOINT, resetWebhooks } from '../testing/webhooks.js';
import { webhookRoutes } from './routes.js';
import type { WebhookServices } from './service.js';

/** A valid body of each operation that has one. */
const BODIES: Readonly<Record<string, object>> = {
  createWebhook: { url: ENDPOINT },
  changeWebhook: { enabled: true },
  rotateWebhookSecret: {},
  resumeWebhook: { after: 'evt_20' },
  redeliverEvents: { from: '2026-01-01T00:20:00Z', to: '2026-01-01T00:25:00Z' },
};
const SECRET_KEY = randomBytes(32).toString('base64');
/** Operations of no webhook. */
const COMMON = new Set(['createWebhook', 'listWebhooks']);

describe('webhooks of API keys', function () {
  this.timeout(60_000);
  let db: Database;
  let running: RunningApi;
  let key: Client;

  let dispatcher: NodeJS.Timeout;

  before(async () => {
    db = (await openDatabase()).db;
    running = await startApi(db, {
      WEBHOOK_ALLOW_ADDRESSES: '10.0.0.0/8',
      WEBHOOK_SECRET_KEYS: SECRET_KEY,
    });
    // As a dispatcher whose endpoint answers.
    dispatcher = setInterval(() => {
      db.webhookTest.updateMany({ data: { status: 204, ms: 7 } }).catch(() => undefined);
    }, 50);
    key = withKey(running.client, await newKey(db, ['webhooks:write']));
  });
  beforeEach(() => resetWebhooks(db));
  after(async () => {
    clearInterval(dispatcher);
    await running.close();
    await db.$disconnect();
  });

  const ask = (client: Client, { method, path, operation }: Route<WebhookServices>, id = 1) => {
    const url = path.replace(':webhookId', String(id)).replace(':eventId', 'evt_15');
    const body = BODIES[operation.declaration.id];
    return client.send(method, url, body && JSON.stringify(body));
  };
  const create = async (fields: object = {}) =>
    (await key.post('/api/webhooks', { url: ENDPOINT, ...fields })).body;

  for (const route of routesOf(webhookRoutes)) {
    const { method, path, operation } = route;
    const { id, answer } = operation.declaration;
    it(`${method} ${path} needs webhooks:write, which users do not have`, async () => {
      await create();
      expect((await ask(key, route)).status).to.equal(answer.status);
      const others = KEY_SCOPE_NAMES.filter((scope) => scope !== 'webhooks:write');
      const refused = await ask(withKey(running.client, await newKey(db, others)), route);
      expect([refused.status, refused.body.error]).to.deep.equal([
        ...[403, 'the API key needs the scope webhooks:write'],
      ]);
      for (const client of [running.client, running.client.as({ id: 1, username: 'ann' })]) {
        const { status, body } = await ask(client, route);
        expect([status, body.code]).to.deep.equal([401, 'unauthenticated']);
      }
      if (COMMON.has(id)) return;
      const { status, body } = await ask(key, route, 999);
      expect([status, body.code]).to.deep.equal([404, 'webhook_not_found']);
    });
  }

  it('are created with a secret that is shown once, listed page by page, changed and deleted', async () => {
    const { secret, ...created } = await create({ events: ['room.created'], rooms: [7] });
    expect(secret).to.match(/^whsec_/);
    expect(created).to.deep.include({ id: 1, url: ENDPOINT, events: ['room.created'], rooms: [7] });
    await create();
    const { body } = await key.get('/api/webhooks?limit=1');
    expect(body).to.deep.equal({ webhooks: [created], nextCursor: 1 });
    const rest = (await key.get('/api/webhooks?limit=1&cursor=1')).body;
    expect([rest.webhooks[0].id, rest.nextCursor]).to.deep.equal([2, null]);
    const changed = (await key.patch('/api/webhooks/1', { events: [], enabled: false })).body;
    expect(changed).to.deep.include({ events: [], rooms: [7], enabled: false });
    const rotated = (await key.post('/api/webhooks/1/secret', {})).body;
    expect(rotated.secret)
      .to.match(/^whsec_/)
      .and.not.equal(secret);
    expect((await key.delete('/api/webhooks/1')).status).to.equal(204);
    expect((await key.get('/api/webhooks/1')).body.code).to.equal('webhook_not_found');
  });

  it('have secrets that are encrypted in PostgreSQL where a key is set', async () => {
    const box = new SecretBox([SECRET_KEY]);
    const { secret } = await create();
    const rotated = (await key.post('/api/webhooks/1/secret', {})).body.secret;
    const row = await db.webhook.findFirstOrThrow();
    for (const stored of [row.secret, row.previousSecret]) expect(stored).to.match(/^sealed:/);
    expect([box.open(row.secret), box.open(row.previousSecret ?? '')]).to.deep.equal([rotated, secret]);
  });

  it('are resumed, and deliver an event or a span of time again', async () => {
    await create();
    expect((await key.post('/api/webhooks/1/resume', { after: 'evt_12' })).body.after).to.equal('evt_12');
    expect((await key.post('/api/webhooks/1/resume', { after: 'evt_9' })).body.code).to.equal(
      'events_expired',
    );
    await db.webhookDeadLetter.create({ data: { webhookId: 1, position: 15, type: 'user.created' } });
    const { deliveries } = (await key.get('/api/webhooks/1/deliveries')).body;
    expect(deliveries).to.have.length(1);
    expect(deliveries[0]).to.include({ eventId: 'evt_15', state: 'dead', roomId: null, attempts: null });
    const one = await key.send('POST', '/api/webhooks/1/deliveries/evt_15/redeliver');
    expect(one.body).to.deep.equal({ from: 'evt_15', to: 'evt_15' });
    expect((await key.get('/api/webhooks/1/deliveries')).body).to.deep.equal({
      ...{ deliveries: [], nextCursor: null },
    });
    const span = await key.post('/api/webhooks/1/redeliver', BODIES.redeliverEvents ?? {});
    expect(span.body).to.deep.equal({ from: 'evt_20', to: 'evt_25' });
    for (const [from, to] of [
      ['0000-01-01T00:00:00Z', '0000-01-02T00:00:00Z'],
      ['9999-12-31T23:59:59-23:59', '9999-12-31T23:59:59-23:59'],
    ]) {
      const { status, body } = await key.post('/api/webhooks/1/redeliver', { from, to });
      expect([status, body.code]).to.deep.equal([404, 'event_not_found']);
    }
  });

  it('are tested, one test at a time', async () => {
    await create();
    expect((await key.send('POST', '/api/webhooks/1/test')).body).to.deep.equal({
      ...{ delivered: true, status: 204, error: null, ms: 7 },
    });
    expect(await db.webhookTest.count()).to.equal(0);
    const both = await Promise.all([1, 2].map(() => key.send('POST', '/api/webhooks/1/test')));
    const statuses = both.map(({ status }) => status).sort();
    expect(statuses[0]).to.equal(200);
    for (const { status, body } of both) if (status !== 200) expect(body.code).to.equal('too_many_requests');
  });

  it('are not sent to addresses that are not public, unless the operator allows them', async () => {
    const { id } = await create({ url: 'https://10.1.2.3/hook' });
    for (const url of [
      'http://127.0.0.1:80/',
      'http://localhost/',
      'http://hook.localhost./',
      'http://0x7f.1/',
      'http://[::1]/',
      'http://[::ffff:a9fe:a9fe]/',
      'http://169.254.169.254/latest/meta-data',
      'http://192.168.1.1/',
    ]) {
      for (const answer of [
        await key.post('/api/webhooks', { url }),
        await key.patch(`/api/webhooks/${id}`, { url }),
      ]) {
        expect([answer.status, answer.body.code], url).to.deep.equal([400, 'invalid_field']);
        expect(answer.body.error).to.match(/^url is refused: .* is not a public address/);
      }
    }
    expect(await db.webhook.count()).to.equal(1);
  });
});
