import type { Database } from '@chorus/database';
import { expect } from 'chai';
import type { Client } from '../testing/api.js';
import { openDatabase } from '../testing/api.js';
import { type OperatorFixture, startOperatorApi } from '../testing/operator.js';
import { ENDPOINT, resetWebhooks } from '../testing/webhooks.js';

describe('webhooks of operators', function () {
  this.timeout(60_000);
  let db: Database;
  let fixture: OperatorFixture;
  let operator: Client;

  before(async () => {
    db = (await openDatabase()).db;
    fixture = await startOperatorApi(db, { MAX_WEBHOOKS: '3' });
    operator = fixture.operator;
  });
  beforeEach(() => resetWebhooks(db));
  after(async () => {
    await fixture.running.close();
    await db.$disconnect();
  });

  const create = async (fields: object = {}) =>
    (await operator.post('/webhooks', { url: ENDPOINT, ...fields })).body;
  const refusal = async (answering: ReturnType<Client['get']>) => {
    const { status, body } = await answering;
    return [status, body.code];
  };

  it('are created with a secret that is shown once, and receive the events from then on', async () => {
    const { secret, createdAt, ...created } = await create({ events: ['room.created'], rooms: [7] });
    expect(secret).to.match(/^whsec_[A-Za-z0-9+/]{43}=$/);
    expect(Date.parse(createdAt)).to.be.above(0);
    const about = { id: 1, url: ENDPOINT, events: ['room.created'], rooms: [7], enabled: true };
    expect(created).to.deep.equal({ ...about, after: 'evt_40', failing: null });
    const shown = (await operator.get('/webhooks/1')).body;
    expect(shown).to.deep.equal({ ...created, createdAt });
    expect((await operator.get('/webhooks')).body).to.deep.equal({ webhooks: [shown], nextCursor: null });
    expect(JSON.stringify(fixture.logged())).not.to.include(secret);
  });

  it('are changed, and deleted', async () => {
    await create();
    await db.$executeRaw`UPDATE webhooks SET leased_by = 'x', failing_since = now(), attempts = 9, next_attempt_at = 'infinity'`;
    const { body } = await operator.patch('/webhooks/1', { events: ['room.deleted'], enabled: false });
    expect(body).to.include({ url: ENDPOINT, enabled: false });
    expect(body.events).to.deep.equal(['room.deleted']);
    const { leasedBy, attempts, nextAttemptAt } = await db.webhook.findFirstOrThrow();
    expect([leasedBy, attempts, nextAttemptAt]).to.deep.equal([null, 0, null]);
    expect((await operator.delete('/webhooks/1')).status).to.equal(204);
    expect(await refusal(operator.get('/webhooks/1'))).to.deep.equal([404, 'webhook_not_found']);
  });

  it('get another secret, and sign with the one before for a time', async () => {
    const { secret } = await create();
    const { body } = await operator.post('/webhooks/1/secret', { overlapSeconds: 60 });
    expect(body.secret)
      .to.match(/^whsec_/)
      .and.not.equal(secret);
    const row = await db.webhook.findFirstOrThrow();
    expect([row.secret, row.previousSecret]).to.deep.equal([body.secret, secret]);
    expect(row.previousUntil?.getTime()).to.be.within(Date.now() - 60_000, Date.now() + 120_000);
  });

  it('are resumed from an event, without what waits for a retry', async () => {
    const { id } = await create();
    await db.webhookLane.create({ data: { webhookId: id, roomId: 3, next: 20 } });
    const { body } = await operator.post(`/webhooks/${id}/resume`, { after: 'evt_12' });
    expect(body.after).to.equal('evt_12');
    expect(await db.webhookLane.count()).to.equal(0);
    expect(await refusal(operator.post(`/webhooks/${id}/resume`, { after: 'evt_9' }))).to.deep.equal([
      ...[410, 'events_expired'],
    ]);
  });

  it('show what is not delivered, and deliver one event or a span of time again', async () => {
    const { id } = await create();
    await db.webhookLane.create({
      data: { webhookId: id, roomId: 3, next: 20, attempts: 2, lastStatus: 500 },
    });
    await db.webhookDeadLetter.create({ data: { webhookId: id, position: 15, type: 'user.created' } });
    const { deliveries } = (await operator.get(`/webhooks/${id}/deliveries`)).body;
    expect(
      deliveries.map(({ eventId, state, lastStatus }: Record<string, unknown>) => [
        eventId,
        state,
        lastStatus,
      ]),
    ).to.deep.equal([
      ['evt_20', 'retrying', 500],
      ['evt_15', 'dead', null],
    ]);
    expect((await operator.post(`/webhooks/${id}/deliveries/evt_15/redeliver`, {})).status).to.equal(202);
    expect(await db.webhookDeadLetter.count()).to.equal(0);
    const span = { from: '2026-01-01T00:20:00Z', to: '2026-01-01T00:25:00Z' };
    expect((await operator.post(`/webhooks/${id}/redeliver`, span)).body).to.deep.equal({
      ...{ from: 'evt_20', to: 'evt_25' },
    });
    const lanes = await db.webhookLane.findMany({ where: { until: { not: null } }, orderBy: { id: 'asc' } });
    expect(lanes.map(({ next, until }) => [next, until])).to.deep.equal([
      [15n, 15n],
      [20n, 25n],
    ]);
    for (const event of ['evt_10', 'evt_41']) {
      expect(await refusal(operator.post(`/webhooks/${id}/deliveries/${event}/redeliver`, {}))).to.deep.equal(
        [...[404, 'event_not_found']],
      );
    }
  });

  it('list what is not delivered page by page, in all states or one', async () => {
    const { id } = await create();
    const [lanes, dead] = [
      [21, 22, 23],
      [11, 12, 13],
    ];
    for (const next of lanes) await db.webhookLane.create({ data: { webhookId: id, roomId: next, next } });
    for (const position of dead) {
      await db.webhookDeadLetter.create({ data: { webhookId: id, position, type: 'user.created' } });
    }
    // A span that is delivered again is no delivery that failed.
    await db.webhookLane.create({ data: { webhookId: id, next: 30, until: 31 } });
    const walk = async (query: string): Promise<string[]> => {
      const pages: string[] = [];
      for (let cursor: string | null = ''; cursor !== null; ) {
        const path = `/webhooks/${id}/deliveries?limit=2${query}${cursor && `&cursor=${cursor}`}`;
        const { body } = await operator.get(path);
        pages.push(body.deliveries.map(({ eventId }: { eventId: string }) => eventId.slice(4)).join(' '));
        cursor = body.nextCursor;
      }
      return pages;
    };
    expect(await walk('')).to.deep.equal(['23 22', '21 13', '12 11']);
    expect(await walk('&state=retrying')).to.deep.equal(['23 22', '21']);
    expect(await walk('&state=dead')).to.deep.equal(['13 12', '11']);
    for (const query of ['state=done', 'cursor=12', 'cursor=dead-x']) {
      expect((await operator.get(`/webhooks/${id}/deliveries?${query}`)).status, query).to.equal(400);
    }
  });

  it('are at most MAX_WEBHOOKS, with at most 100 redeliveries at a time, of at most a million events', async () => {
    const { id } = await create();
    await create();
    const third = await Promise.all([1, 2].map(() => operator.post('/webhooks', { url: ENDPOINT })));
    expect(third.map(({ status, body }) => [status, body.code])).to.deep.include.members([
      [201, undefined],
      [403, 'too_many_webhooks'],
    ]);
    const lanes = Array.from({ length: 100 }, () => ({ webhookId: id, next: 20, until: 20 }));
    await db.webhookLane.createMany({ data: lanes });
    const one = `/webhooks/${id}/deliveries/evt_20/redeliver`;
    expect(await refusal(operator.post(one, {}))).to.deep.equal([403, 'too_many_redeliveries']);
    await db.webhookLane.deleteMany({ where: { id: { lt: 50 } } });
    expect((await operator.post(one, {})).status).to.equal(202);
    await db.$executeRaw`UPDATE events SET position = 2000000 WHERE position = 40`;
    const span = { from: '2026-01-01T00:00:00Z', to: '2026-01-02T00:00:00Z' };
    const refused = await operator.post(`/webhooks/${id}/redeliver`, span);
    expect([refused.status, refused.body.error]).to.deep.equal([
      400,
      'to must span at most 1000000 events, not 1999990: deliver them in parts, or resume the webhook',
    ]);
  });

  it('are refused with fields that are invalid or unknown', async () => {
    await create();
    const invalid: Array<[string, object]> = [
      ['/webhooks', {}],
      ['/webhooks', { url: 'ftp://example.com' }],
      ['/webhooks', { url: 'https://user@example.com' }],
      ['/webhooks', { url: 'https://example.com/\0' }],
      ['/webhooks', { url: 'https://example.com/\ud800' }],
      ['/webhooks', { url: 'http://169.254.169.254/latest' }],
      ['/webhooks', { url: ENDPOINT, events: ['x'] }],
      ['/webhooks', { url: ENDPOINT, rooms: [0] }],
      ['/webhooks', { url: ENDPOINT, secret: 'mine' }],
      ['/webhooks/1/secret', { overlapSeconds: -1 }],
      ['/webhooks/1/resume', { after: 'latest' }],
      ['/webhooks/1/redeliver', { from: '2026-01-02T00:00:00Z', to: '2026-01-01T00:00:00Z' }],
    ];
    for (const [path, body] of invalid) {
      expect((await operator.post(path, body)).status, JSON.stringify(body)).to.equal(400);
    }
    expect(await refusal(operator.post('/webhooks/9/resume', { after: 'evt_20' }))).to.deep.equal([
      ...[404, 'webhook_not_found'],
    ]);
    expect(
      await refusal(
        operator.post('/webhooks/9/redeliver', { from: '2026-01-01T00:00:00Z', to: '2026-01-02T00:00:00Z' }),
      ),
    ).to.deep.equal([404, 'webhook_not_found']);
  });
});
