import { expect } from 'chai';
import { Tally } from './tally.js';

describe('Tally', () => {
  const tally = (counts: Partial<ConstructorParameters<typeof Tally>[0]> = {}): Tally =>
    new Tally({ n: 10, readN: 6, unread: 4, mentions: 0, ...counts });

  it('counts messages after the last one read', () => {
    const counts = tally({ mentions: 1 });
    expect(counts.add({ n: 12, messages: 2, mentions: 1 }, false)).to.equal(true);
    expect(counts).to.include({ n: 12, unread: 6, mentions: 2 });
    expect(counts.readTo(12)).to.equal(true);
    expect(counts).to.include({ unread: 0, mentions: 0 });
  });

  it('never moves back', () => {
    const counts = tally();
    expect(counts.readTo(3)).to.equal(true);
    expect(counts).to.include({ readN: 6, unread: 4 });
  });

  it('is not exact when news overlap with what was counted, or when some are missing', () => {
    expect(tally().add({ n: 12, messages: 3 }, true)).to.equal(false);
    expect(tally().add({ n: 12, messages: 1 }, true)).to.equal(false);
    expect(tally().add({ n: 10, messages: 0 }, true)).to.equal(true);
  });

  it('counts no deleted message', () => {
    const counts = tally();
    expect(counts.add({ n: 10, messages: 0, deleted: [8] }, true)).to.equal(true);
    expect(counts.add({ n: 10, messages: 0, deleted: [9, 2] }, true)).to.equal(true);
    expect(counts.unread).to.equal(2);
    expect(counts.readTo(10)).to.equal(true);
    expect(counts.unread).to.equal(0);
  });

  it('is not exact after a deletion that may be counted already, or may have been of a mention', () => {
    expect(tally().add({ n: 10, messages: 0, deleted: [8] }, false)).to.equal(false);
    expect(tally({ mentions: 1 }).add({ n: 10, messages: 0, deleted: [8] }, true)).to.equal(false);
    expect(tally({ mentions: 1 }).add({ n: 10, messages: 0, deleted: [5] }, false)).to.equal(true);
  });

  it('does not know where deletions and mentions are, until all is read', () => {
    expect(tally({ unread: 3 }).readTo(8)).to.equal(false);
    expect(tally({ mentions: 1 }).readTo(8)).to.equal(false);
    const counts = tally({ unread: 3 });
    counts.add({ n: 12, messages: 2 }, true);
    expect(counts.unread).to.equal(5);
    expect(counts.readTo(11)).to.equal(false);
    expect(counts.readTo(12)).to.equal(true);
    expect(counts.unread).to.equal(0);
  });

  it('reads up to an own message', () => {
    const counts = tally({ mentions: 1 });
    expect(counts.add({ n: 12, messages: 2, ownN: 12, mentions: 1 }, false)).to.equal(true);
    expect(counts).to.include({ readN: 12, unread: 0, mentions: 0 });
    expect(counts.add({ n: 15, messages: 3, ownN: 13 }, false)).to.equal(true);
    expect(counts.unread).to.equal(2);
    expect(counts.add({ n: 18, messages: 3, ownN: 17, mentions: 1 }, false)).to.equal(false);
  });

  it('counts nothing that was read before its news arrived', () => {
    const counts = tally();
    expect(counts.readTo(12)).to.equal(true);
    expect(counts.unread).to.equal(0);
    expect(counts.add({ n: 11, messages: 1, mentions: 1 }, true)).to.equal(true);
    expect(counts.add({ n: 13, messages: 2 }, true)).to.equal(true);
    expect(counts).to.include({ unread: 1, mentions: 0 });
  });
});
