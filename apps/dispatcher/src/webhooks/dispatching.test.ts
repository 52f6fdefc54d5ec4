import { eventually, patiently } from '@chorus/testing';
import { expect } from 'chai';
import { upTo, useWebhooks } from '../testing/webhooks.js';

describe('webhooks', function () {
  this.timeout(120_000);
  const fixture = useWebhooks();

  it('are taken over from a dispatcher that ends or dies, and nothing is lost', async () => {
    await fixture.webhook();
    fixture.start();
    await fixture.record(1, 50);
    await eventually(() => expect(fixture.received.length).to.be.above(0), patiently(10_000));
    await fixture.stop();
    fixture.start({ leaseMs: 2_000 });
    await fixture.record(1, 50, 51);
    await eventually(
      () => expect([...new Set(fixture.numbers(1))]).to.deep.equal(upTo(100)),
      patiently(20_000),
    );
    // As one that was killed leaves it.
    await fixture.stop();
    await fixture.db
      .$executeRaw`UPDATE webhooks SET leased_by = 'dead', leased_until = now() + interval '1 second'`;
    fixture.start();
    await fixture.record(1, 10, 101);
    await eventually(
      () => expect([...new Set(fixture.numbers(1))]).to.deep.equal(upTo(110)),
      patiently(20_000),
    );
  });

  it('are sent by one of several dispatchers', async () => {
    await fixture.webhook();
    for (let n = 0; n < 3; n++) fixture.start();
    for (const room of [1, 2]) await fixture.record(room, 100);
    await eventually(() => expect(fixture.received.length).to.be.at.least(200), patiently(20_000));
    expect(fixture.received).to.have.length(200);
  });
});
