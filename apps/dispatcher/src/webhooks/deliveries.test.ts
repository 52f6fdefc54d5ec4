import { randomBytes } from 'node:crypto';
import { recordEvents } from '@chorus/database';
import { SecretBox } from '@chorus/service';
import { eventually, patiently } from '@chorus/testing';
import { expect } from 'chai';
import { Webhook as Verifier } from 'standardwebhooks';
import { DAY_MS, headersOf, SECRET, upTo, useWebhooks } from '../testing/webhooks.js';

describe('webhooks', function () {
  this.timeout(120_000);
  const fixture = useWebhooks();

  it('receive every event once, in the order of each room, signed as Standard Webhooks says', async () => {
    await fixture.webhook();
    fixture.start();
    for (const room of [1, 2, 3]) await fixture.record(room, 30);
    await eventually(() => expect(fixture.received).to.have.length(90), patiently(20_000));
    for (const room of [1, 2, 3]) expect(fixture.numbers(room)).to.deep.equal(upTo(30));
    expect(new Set(fixture.received.map(({ id }) => id)).size).to.equal(90);
    for (const { body, headers } of fixture.received) {
      const signed = headersOf({ headers });
      expect(new Verifier(SECRET).verify(body, signed)).to.have.all.keys('type', 'timestamp', 'data');
      expect(() => new Verifier(SECRET).verify(`${body} `, signed)).to.throw();
    }
    await eventually(async () => expect((await fixture.state()).position).to.equal(90n));
  });

  it('receive only the types and rooms that they name', async () => {
    await fixture.webhook({ events: ['room.deleted'], rooms: [2n] });
    fixture.start();
    await fixture.record(1, 3);
    await recordEvents(fixture.db, [
      { type: 'room.deleted', roomId: 1 },
      { type: 'room.deleted', roomId: 2 },
    ]);
    await fixture.record(2, 3);
    await eventually(async () => expect((await fixture.state()).position).to.equal(8n), patiently(10_000));
    expect(fixture.received.map(({ roomId }) => roomId)).to.deep.equal([2]);
  });

  it('sign with both secrets during a rotation', async () => {
    const before = `whsec_${randomBytes(32).toString('base64')}`;
    await fixture.webhook({ previousSecret: before, previousUntil: new Date(Date.now() + DAY_MS) });
    fixture.start();
    await fixture.record(1, 1);
    await eventually(() => expect(fixture.received).to.have.length(1), patiently(10_000));
    const [{ body, headers } = { body: '', headers: {} }] = fixture.received;
    const signed = headersOf({ headers });
    for (const secret of [SECRET, before])
      expect(() => new Verifier(secret).verify(body, signed)).not.to.throw();
  });

  it('sign with secrets that are encrypted in PostgreSQL; without their key nothing is sent', async () => {
    const box = new SecretBox([randomBytes(32).toString('base64')]);
    await fixture.webhook({ secret: box.seal(SECRET) });
    await fixture.record(1, 1);
    fixture.start();
    await eventually(
      async () => expect((await fixture.state()).lastError).to.match(/^WEBHOOK_SECRET_KEYS lacks the key/),
      patiently(10_000),
    );
    expect(fixture.received).to.deep.equal([]);
    await fixture.stop();
    fixture.secrets = box;
    fixture.start();
    // The endpoint counts as down: the attempt that shows that it is not may be made twice.
    await eventually(() => expect(fixture.received).not.to.deep.equal([]), patiently(20_000));
    fixture.secrets = new SecretBox([]);
    const [{ body, headers } = { body: '', headers: {} }] = fixture.received;
    expect(() => new Verifier(SECRET).verify(body, headersOf({ headers }))).not.to.throw();
  });

  it('deliver a span once more beside everything else', async () => {
    const { id } = await fixture.webhook();
    fixture.start();
    await fixture.record(1, 5);
    await eventually(() => expect(fixture.received).to.have.length(5), patiently(10_000));
    await fixture.db.webhookLane.create({ data: { webhookId: id, next: 2, until: 4 } });
    await fixture.db.webhook.update({ where: { id }, data: { leasedBy: null } });
    await eventually(
      () => expect(fixture.numbers(1)).to.deep.equal([1, 2, 3, 4, 5, 2, 3, 4]),
      patiently(10_000),
    );
    await eventually(async () => expect(await fixture.db.webhookLane.count()).to.equal(0), patiently(10_000));
    expect(new Set(fixture.received.map((event) => event.id)).size).to.equal(5);
  });
});
