import { eventually, patiently } from '@chorus/testing';
import { expect } from 'chai';
import { upTo, useWebhooks } from '../testing/webhooks.js';

/** Rooms with many events, more than are delivered at a time. */
const BUSY = 12;
/** Events of more than one step. */
const MANY = 60;

describe('rooms of a webhook that wait for a retry', function () {
  this.timeout(120_000);
  const fixture = useWebhooks();

  it('take turns: one with few events does not wait until others have all of theirs', async () => {
    const quiet = BUSY + 1;
    const { id: webhookId } = await fixture.webhook({ position: BUSY * MANY + 1 });
    for (let room = 1; room <= BUSY; room++) await fixture.record(room, MANY);
    await fixture.record(quiet, 1);
    for (let room = 1; room <= quiet; room++) {
      const next = (room - 1) * MANY + 1;
      await fixture.db.webhookLane.create({ data: { webhookId, roomId: room, next } });
    }
    fixture.start();
    await eventually(() => expect(fixture.numbers(quiet)).to.have.length(1), patiently(60_000));
    const complete = upTo(BUSY).filter((room) => fixture.numbers(room).length === MANY);
    expect(complete).to.deep.equal([]);
    await eventually(async () => expect(await fixture.db.webhookLane.count()).to.equal(0), patiently(60_000));
    for (const room of upTo(BUSY)) expect(fixture.numbers(room)).to.deep.equal(upTo(MANY));
  });
});
