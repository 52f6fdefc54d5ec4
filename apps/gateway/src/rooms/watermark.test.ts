import type { Position } from '@chorus/protocol';
import { expect } from 'chai';
import { Watermark, type WatermarkParts } from './watermark.js';

describe('the watermark of a room', () => {
  const QUIET_MS = 1_000;
  let now: number;
  let stored: Position;
  let reads: number;
  let parts: WatermarkParts;
  let watermark: Watermark;

  const at = (seq: number): Position => ({ epoch: 5, seq });

  function waiter() {
    const notified: number[] = [];
    return { notified, stored: (_roomId: number, upTo: Position) => notified.push(upTo.seq) };
  }

  beforeEach(() => {
    now = 0;
    stored = at(0);
    reads = 0;
    parts = {
      read: async () => {
        reads++;
        return stored;
      },
      awaited: new Set(),
      now: () => now,
    };
    watermark = new Watermark(1, parts);
  });

  it('is read once for concurrent callers', async () => {
    stored = at(3);
    expect(await Promise.all([watermark.known(), watermark.known()])).to.deep.equal([at(3), at(3)]);
    expect(await watermark.known()).to.deep.equal(at(3));
    expect(reads).to.equal(1);
  });

  it('is read again after a failure', async () => {
    const { read } = parts;
    parts.read = async () => {
      throw new Error('down');
    };
    const failed = await watermark.known().catch((error: unknown) => error);
    expect(failed).to.be.instanceOf(Error);
    parts.read = read;
    expect(await watermark.known()).to.deep.equal(at(0));
  });

  it('is due while a session waits and no notice arrives, less often after each read in vain', async () => {
    await watermark.known();
    now += 100 * QUIET_MS;
    expect(watermark.isDue(QUIET_MS), 'while no session waits').to.equal(false);
    watermark.await(waiter(), at(9));
    const pauses: number[] = [];
    for (let since = now; pauses.length < 6; now += 500) {
      if (!watermark.isDue(QUIET_MS)) continue;
      pauses.push(now - since);
      since = now;
      await watermark.refresh();
    }
    expect(pauses.map((pause) => pause / QUIET_MS)).to.deep.equal([1, 2, 4, 8, 16, 16]);
    watermark.rise(at(4));
    now += QUIET_MS;
    expect(watermark.isDue(QUIET_MS)).to.equal(true);
    watermark.rise(at(9));
    now += 100 * QUIET_MS;
    expect(watermark.isDue(QUIET_MS)).to.equal(false);
  });

  it('notifies each waiter from its first message on until its last is stored', () => {
    const ann = waiter();
    const bob = waiter();
    watermark.await(ann, at(2));
    watermark.await(ann, at(5));
    watermark.await(bob, at(4));
    expect(parts.awaited.size).to.equal(1);
    for (const seq of [1, 3, 3, 2, 4, 5, 6]) watermark.rise(at(seq));
    expect(ann.notified).to.deep.equal([3, 4, 5]);
    expect(bob.notified).to.deep.equal([4]);
    expect(watermark.waiting).to.equal(0);
    expect(parts.awaited.size).to.equal(0);
  });

  it('notifies a waiter at once whose message is stored already', () => {
    watermark.rise(at(7));
    const ann = waiter();
    watermark.await(ann, at(6));
    expect(ann.notified).to.deep.equal([7]);
    expect(watermark.waiting).to.equal(0);
  });

  it('compares epochs before numbers', () => {
    const ann = waiter();
    watermark.await(ann, { epoch: 6, seq: 1 });
    watermark.rise({ epoch: 5, seq: 100 });
    expect(ann.notified).to.deep.equal([]);
    watermark.rise({ epoch: 6, seq: 1 });
    expect(ann.notified).to.deep.equal([1]);
  });

  it('forgets a session that has closed', () => {
    const ann = waiter();
    watermark.await(ann, at(1));
    watermark.forget(ann);
    expect(parts.awaited.size).to.equal(0);
    watermark.rise(at(1));
    expect(ann.notified).to.deep.equal([]);
  });
});
