import { expect } from 'chai';
import { drawOf, traceOf } from './message-trace-ids.js';

const EPOCH = 1_795_400_769_089;

describe('the choice of traced messages', () => {
  it('does not change: nodes of different versions must agree', () => {
    const places = [
      [1, { epoch: EPOCH, seq: 1 }],
      [1, { epoch: EPOCH, seq: 2 }],
      [2, { epoch: EPOCH, seq: 1 }],
      [Number.MAX_SAFE_INTEGER, { epoch: EPOCH + 1, seq: 4_294_967_297 }],
    ] as const;
    expect(places.map(([roomId, position]) => Math.floor(drawOf(roomId, position) * 2 ** 32))).to.deep.equal([
      2_449_678_868, 3_604_825_123, 1_180_941_124, 2_114_572_614,
    ]);
    expect(traceOf(1, { epoch: EPOCH, seq: 1 })).to.deep.equal({
      traceId: '70165b5d0ae5d4331dc400e216265e8c',
      spanId: '2fca05493959d395',
    });
  });

  it('matches the configured share, in rooms with many messages and over rooms with few', () => {
    const count = 200_000;
    const traced = (share: number, placeOf: (n: number) => [roomId: number, epoch: number, seq: number]) => {
      let of = 0;
      for (let n = 0; n < count; n++) {
        const [roomId, epoch, seq] = placeOf(n);
        if (drawOf(roomId, { epoch, seq }) < share) of++;
      }
      return of / count;
    };
    for (const share of [0.01, 0.1, 0.5]) {
      // About six standard deviations.
      const tolerance = 6 * Math.sqrt((share * (1 - share)) / count);
      expect(traced(share, (n) => [7, EPOCH, n + 1])).to.be.closeTo(share, tolerance);
      expect(traced(share, (n) => [n + 1, EPOCH, 1])).to.be.closeTo(share, tolerance);
      expect(traced(share, (n) => [n + 1, EPOCH + n, 1])).to.be.closeTo(share, tolerance);
      expect(traced(share, (n) => [2 ** 40 + (n % 100), EPOCH, Math.floor(n / 100)])).to.be.closeTo(
        share,
        tolerance,
      );
    }
  });

  it('is every message when the share is 1', () => {
    for (let seq = 1; seq < 1_000; seq++)
      expect(drawOf(3, { epoch: EPOCH, seq })).to.be.within(0, 1 - 2 ** -32);
  });

  it('gives every message a trace of its own', () => {
    const traces = new Set<string>();
    for (let roomId = 1; roomId <= 12; roomId++) {
      for (let seq = 1; seq <= 120; seq++) {
        const { traceId, spanId } = traceOf(roomId, { epoch: EPOCH, seq });
        expect(traceId).to.match(/^[0-9a-f]{32}$/);
        expect(spanId).to.match(/^[0-9a-f]{16}$/);
        traces.add(traceId);
      }
    }
    expect(traces.size).to.equal(12 * 120);
  });
});
