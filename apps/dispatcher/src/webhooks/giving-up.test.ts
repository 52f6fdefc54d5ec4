import { eventually, patiently } from '@chorus/testing';
import { expect } from 'chai';
import { DAY_MS, useWebhooks } from '../testing/webhooks.js';

describe('events that cannot be delivered', function () {
  this.timeout(120_000);
  const fixture = useWebhooks();

  it('are given up after the retention, which is an event, and the next ones are delivered', async () => {
    await fixture.webhook();
    fixture.answer = ({ roomId, n }) => (roomId === 1 && n === 1 ? 500 : 200);
    fixture.start({ retentionMs: 300 });
    await fixture.record(2, 1);
    await fixture.record(1, 3);
    await eventually(() => expect([...new Set(fixture.numbers(1))]).to.deep.equal([2, 3]), patiently(30_000));
    const [dead] = await fixture.db.webhookDeadLetter.findMany();
    expect([dead?.position, dead?.lastStatus]).to.deep.equal([2n, 500]);
    const outbox = await fixture.db.eventOutboxEntry.findMany();
    expect(outbox.map(({ type, data }) => [type, data])).to.deep.equal([
      ['webhook.dead_lettered', { webhookId: Number((await fixture.state()).id), eventId: 'evt_2' }],
    ]);
  });

  it('of an endpoint that is down are given up when older than the retention, and younger ones are delivered', async () => {
    await fixture.webhook({ failingSince: new Date(Date.now() - 4 * DAY_MS), attempts: 20 });
    let isDown = true;
    fixture.answer = () => (isDown ? 503 : 200);
    await fixture.record(1, 10);
    await fixture.record(2, 10);
    await fixture.db.$executeRaw`UPDATE events SET at = now() - interval '4 days' WHERE position < 16`;
    fixture.start();
    await eventually(async () => expect((await fixture.state()).position).to.equal(15n), patiently(20_000));
    isDown = false;
    await fixture.db.$executeRaw`UPDATE webhooks SET attempts = 0, next_attempt_at = NULL, leased_by = NULL`;
    await eventually(
      () => expect([...new Set(fixture.numbers(2))]).to.deep.equal([6, 7, 8, 9, 10]),
      patiently(20_000),
    );
    expect(await fixture.db.webhookDeadLetter.count()).to.equal(15);
  });
});
