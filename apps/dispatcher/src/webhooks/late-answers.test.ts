import type { ServerResponse } from 'node:http';
import { eventually, patiently } from '@chorus/testing';
import { expect } from 'chai';
import { upTo, useWebhooks } from '../testing/webhooks.js';

/** Longer than a test takes. */
const PATIENT_MS = 300_000;
/** Events of more than one step of the sender. */
const MANY = 500;

describe('webhooks whose endpoint answers late', function () {
  this.timeout(120_000);
  /** Answers the requests that are held. */
  let release = (): void => undefined;
  // Before the dispatchers end, which wait for answers.
  afterEach(() => release());
  const fixture = useWebhooks();

  /** Lets the endpoint answer nothing about a room until {@link release}. @returns the requests */
  const hold = (roomId: number) => {
    const open: ServerResponse[] = [];
    const released = new Promise<void>((resolve) => {
      release = resolve;
    });
    fixture.answer = async (event, response) => {
      if (event.roomId !== roomId) return 200;
      open.push(response);
      await released;
      return response.destroyed ? undefined : 200;
    };
    return open;
  };

  it('receive the events of all rooms but the one whose request hangs, and its events in order later', async () => {
    await fixture.webhook();
    const open = hold(1);
    fixture.start({ timeoutMs: PATIENT_MS });
    await fixture.record(1, 3);
    await fixture.record(2, 20);
    await eventually(() => expect(fixture.numbers(2)).to.deep.equal(upTo(20)), patiently(20_000));
    await fixture.record(1, 3, 4);
    await fixture.record(2, MANY, 21);
    await fixture.record(3, 20);
    await eventually(() => expect(fixture.numbers(2)).to.deep.equal(upTo(20 + MANY)), patiently(30_000));
    await eventually(() => expect(fixture.numbers(3)).to.deep.equal(upTo(20)), patiently(20_000));
    expect([open.length, open[0]?.destroyed]).to.deep.equal([1, false]);
    // Nothing after the event that is not delivered may count as delivered.
    expect((await fixture.state()).position).to.equal(0n);
    release();
    await eventually(() => expect(fixture.numbers(1)).to.deep.equal(upTo(6)), patiently(20_000));
    const all = BigInt(6 + 20 + MANY + 20);
    await eventually(async () => expect((await fixture.state()).position).to.equal(all), patiently(10_000));
    expect(fixture.received).to.have.length(Number(all));
  });

  it('go on after a room whose requests hang until their timeout', async () => {
    await fixture.webhook();
    hold(1);
    fixture.start({ timeoutMs: patiently(500) });
    await fixture.record(2, 20);
    await fixture.record(1, 3);
    await eventually(async () => expect((await fixture.state()).position).to.equal(23n), patiently(30_000));
    await eventually(
      () => expect([...new Set(fixture.numbers(2))]).to.deep.equal(upTo(20)),
      patiently(30_000),
    );
    const lanes = await fixture.db.webhookLane.findMany({ where: { roomId: 1 } });
    expect(
      lanes.map(({ next, lastError }) => [next, /^no answer within/.test(lastError ?? '')]),
    ).to.deep.equal([[21n, true]]);
    await fixture.record(2, 20, 21);
    await eventually(
      () => expect([...new Set(fixture.numbers(2))]).to.deep.equal(upTo(40)),
      patiently(30_000),
    );
    release();
    await eventually(
      () => expect([...new Set(fixture.numbers(1))]).to.deep.equal(upTo(3)),
      patiently(60_000),
    );
  });

  it('that is slow receive as many events at a time as there may be, one of each room, and all in order', async () => {
    await fixture.webhook();
    const busy = new Set<number | undefined>();
    let most = 0;
    let twice = false;
    let begin = (): void => undefined;
    const full = new Promise<void>((resolve) => {
      begin = resolve;
    });
    release = begin;
    fixture.answer = async ({ roomId }) => {
      twice ||= busy.has(roomId);
      busy.add(roomId);
      most = Math.max(most, busy.size);
      if (most === 8) begin();
      await full;
      await new Promise((resolve) => setTimeout(resolve, 100));
      busy.delete(roomId);
      return 200;
    };
    fixture.start({ timeoutMs: PATIENT_MS });
    const rooms = upTo(20);
    for (const room of rooms) await fixture.record(room, 5);
    await eventually(() => expect(fixture.received).to.have.length(100), patiently(60_000));
    for (const room of rooms) expect(fixture.numbers(room)).to.deep.equal(upTo(5));
    expect([most, twice]).to.deep.equal([8, false]);
    expect(await fixture.db.webhookLane.count()).to.equal(0);
    await eventually(async () => expect((await fixture.state()).position).to.equal(100n), patiently(10_000));
  });

  it('receive a room with many events and one with few by turns', async () => {
    await fixture.webhook();
    const rooms = upTo(9);
    for (const room of rooms) await fixture.record(room, 20);
    fixture.start({ timeoutMs: PATIENT_MS });
    // Eight deliveries at a time: the ninth room begins before the others end.
    await eventually(() => expect(fixture.received).to.have.length(180), patiently(30_000));
    const first = fixture.received.findIndex(({ roomId }) => roomId === 9);
    expect(first).to.be.below(100);
    for (const room of rooms) expect(fixture.numbers(room)).to.deep.equal(upTo(20));
  });
});
