import type { BrokerListener } from '@chorus/broker';
import { ManualClock } from '@chorus/testing';
import { expect } from 'chai';
import { DeliveryPace } from './delivery-pace.js';

describe('delivery pace', () => {
  /** Everything handed on, in order, with times. */
  let heard: string[];
  let gathering: number;
  let clock: ManualClock;

  const listener: BrokerListener = {
    onMessage: (roomId, { seq }, frame) => heard.push(`${clock.now()}: message ${roomId}/${seq} ${frame}`),
    onNotice: (roomId, frame) => heard.push(`${clock.now()}: notice ${roomId} ${frame}`),
    onStored: (roomId, { seq }) => heard.push(`${clock.now()}: stored ${roomId}/${seq}`),
    onControl: ({ type }) => heard.push(`${clock.now()}: ${type}`),
    onResumed: () => heard.push(`${clock.now()}: resumed`),
  };
  const frame = Buffer.from('x');
  const paced = (maxMs = 10): DeliveryPace =>
    new DeliveryPace(listener, { maxMs, gathering: () => gathering }, clock);
  const message = (pace: DeliveryPace, seq: number): void => pace.onMessage(1, { epoch: 1, seq }, frame);

  beforeEach(() => {
    heard = [];
    clock = new ManualClock(100);
    gathering = 0;
  });

  it('hands on at once while the node is quiet', () => {
    const pace = paced();
    for (let seq = 1; seq <= 3; seq++) message(pace, seq);
    expect(heard).to.deep.equal(['100: message 1/1 x', '100: message 1/2 x', '100: message 1/3 x']);
    expect(clock.timers).to.equal(0);
  });

  it('hands on the first arrival at once and gathers the following ones of every kind, in order', async () => {
    gathering = 1;
    const pace = paced();
    message(pace, 1);
    await clock.advance(3);
    message(pace, 2);
    pace.onNotice(1, frame);
    await clock.advance(1);
    pace.onStored(2, { epoch: 1, seq: 9 });
    message(pace, 3);
    expect(heard).to.deep.equal(['100: message 1/1 x']);
    await clock.advance(96);
    expect(heard.slice(1)).to.deep.equal([
      '110: message 1/2 x',
      '110: notice 1 x',
      '110: stored 2/9',
      '110: message 1/3 x',
    ]);
  });

  it('gathers for a shorter time on a less busy node', () => {
    gathering = 0.4;
    const pace = paced();
    message(pace, 1);
    message(pace, 2);
    expect(clock.next).to.equal(104);
  });

  it('keeps one rhythm while messages arrive', async () => {
    gathering = 1;
    const pace = paced();
    message(pace, 1);
    for (let seq = 2; seq <= 40; seq++) {
      await clock.advance(100 + seq - clock.now());
      message(pace, seq);
    }
    const times = new Set(heard.map((line) => line.split(':')[0]));
    expect([...times]).to.deep.equal(['100', '110', '120', '130', '140']);
  });

  it('releases waiting arrivals before a control event, and before the event that deliveries have resumed', async () => {
    gathering = 1;
    const pace = paced();
    message(pace, 1);
    message(pace, 2);
    pace.onControl({ type: 'room-deleted', roomId: 1 });
    message(pace, 3);
    pace.onResumed();
    expect(heard.map((line) => line.slice(5))).to.deep.equal([
      'message 1/1 x',
      'message 1/2 x',
      'room-deleted',
      'message 1/3 x',
      'resumed',
    ]);
    await clock.advance(100);
    expect(heard).to.have.length(5);
  });

  it('never waits with a maximum of 0', () => {
    gathering = 1;
    const pace = paced(0);
    message(pace, 1);
    message(pace, 2);
    expect(heard).to.have.length(2);
    expect(clock.timers).to.equal(0);
  });

  it('works with the real clock', async () => {
    const arrived = new Promise<number>((resolve) => {
      let count = 0;
      const pace = new DeliveryPace(
        { ...listener, onMessage: () => ++count === 100 && resolve(count) },
        { maxMs: 5, gathering: () => 1 },
      );
      for (let seq = 1; seq <= 100; seq++) message(pace, seq);
    });
    expect(await arrived).to.equal(100);
  });
});
