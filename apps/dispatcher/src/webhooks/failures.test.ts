import { once } from 'node:events';
import { createServer, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { eventually, patiently } from '@chorus/testing';
import { expect } from 'chai';
import { upTo, useWebhooks } from '../testing/webhooks.js';

describe('webhooks whose endpoint fails', function () {
  this.timeout(120_000);
  const fixture = useWebhooks();

  for (const [how, fail] of Object.entries<(response: ServerResponse) => number | undefined>({
    'answers with an error': () => 500,
    redirects: () => 302,
    'closes the connection': (response) => {
      response.destroy();
      return undefined;
    },
  })) {
    it(`an event of one room whose delivery ${how} holds up this room only, and is retried in order`, async () => {
      await fixture.webhook();
      let failing = true;
      fixture.answer = ({ roomId, n }, response) =>
        failing && roomId === 1 && n === 2 ? fail(response) : 200;
      fixture.start();
      await fixture.record(1, 5);
      await fixture.record(2, 20);
      await eventually(() => expect(fixture.numbers(2)).to.deep.equal(upTo(20)), patiently(20_000));
      expect(fixture.numbers(1)).to.deep.equal([1]);
      await fixture.record(1, 3, 6);
      await fixture.record(2, 5, 21);
      await eventually(() => expect(fixture.numbers(2)).to.deep.equal(upTo(25)), patiently(20_000));
      expect(fixture.numbers(1)).to.deep.equal([1]);
      const [lane] = await fixture.db.webhookLane.findMany();
      expect([lane?.roomId, lane?.next]).to.deep.equal([1n, 2n]);
      failing = false;
      await eventually(() => expect(fixture.numbers(1)).to.deep.equal(upTo(8)), patiently(20_000));
      await eventually(
        async () => expect(await fixture.db.webhookLane.count()).to.equal(0),
        patiently(10_000),
      );
      await fixture.record(1, 2, 9);
      await eventually(() => expect(fixture.numbers(1)).to.deep.equal(upTo(10)), patiently(10_000));
    });
  }

  it('an endpoint that is down is tried seldom, costs others nothing and catches up in order', async () => {
    const [down] = [await fixture.webhook(), await fixture.webhook({ url: `${fixture.url}/other` })];
    const ok = createServer((request, response) => {
      request.resume().on('end', () => response.end());
      others++;
    }).listen(0, '127.0.0.1');
    let others = 0;
    await once(ok, 'listening');
    const other = `http://127.0.0.1:${(ok.address() as AddressInfo).port}`;
    await fixture.db.$executeRaw`UPDATE webhooks SET url = ${other} WHERE id <> ${down.id}`;
    let isDown = true;
    let tries = 0;
    fixture.answer = () => {
      tries++;
      return isDown ? 503 : 200;
    };
    fixture.start();
    for (const room of [1, 2, 3, 4]) await fixture.record(room, 100);
    await eventually(() => expect(others).to.equal(400), patiently(30_000));
    expect(tries).to.be.below(40);
    const { position, attempts, lastStatus } = await fixture.db.webhook.findUniqueOrThrow({
      where: { id: down.id },
    });
    expect([position, lastStatus]).to.deep.equal([0n, 503]);
    expect(attempts).to.be.above(0);
    isDown = false;
    // The first event of some rooms is delivered once more: it was the one that showed that the endpoint is back.
    await eventually(
      () => expect(new Set(fixture.received.map(({ id }) => id)).size).to.equal(400),
      patiently(60_000),
    );
    for (const room of [1, 2, 3, 4]) expect([...new Set(fixture.numbers(room))]).to.deep.equal(upTo(100));
    ok.closeAllConnections();
    ok.close();
  });

  it('an endpoint that answers 410 receives nothing more', async () => {
    await fixture.webhook();
    fixture.answer = () => 410;
    fixture.start();
    await fixture.record(1, 3);
    await eventually(async () => expect((await fixture.state()).enabled).to.equal(false), patiently(10_000));
    expect((await fixture.state()).position).to.equal(0n);
  });
});
