import type { Backlog } from '@chorus/broker';
import { expect } from 'chai';
import { ClaimSize } from './claim-size.js';

/** The answer of a queue in which every room has this number of messages. */
function claimed(size: ClaimSize, rooms: number, each: number): Backlog[] {
  const messages = Array.from({ length: Math.min(each, size.perRoom) }, (_, seq) => ({
    epoch: 1,
    seq,
    body: '',
  }));
  const after = { epoch: 0, seq: 0 };
  return Array.from({ length: Math.min(rooms, size.rooms) }, (_, roomId) => ({ roomId, after, messages }));
}

describe('ClaimSize', () => {
  const settle = (size: ClaimSize, rooms: number, each: number): void => {
    for (let turn = 0; turn < 20; turn++) {
      size.learn(claimed(size, rooms, each));
      expect(size.rooms * size.perRoom).to.be.at.most(1_000);
    }
  };

  it('claims many messages of one hot room', () => {
    const size = new ClaimSize(1_000);
    settle(size, 1, 100_000);
    expect(size.perRoom).to.equal(1_000);
  });

  it('claims many rooms with one message each', () => {
    const size = new ClaimSize(1_000);
    settle(size, 100_000, 1);
    expect(size.rooms).to.be.at.least(500);
  });

  it('adapts from one to the other', () => {
    const size = new ClaimSize(1_000);
    settle(size, 1, 100_000);
    settle(size, 100_000, 1);
    expect(size.rooms).to.be.at.least(250);
    settle(size, 1, 100_000);
    expect(size.perRoom).to.be.at.least(500);
  });

  it('expects more messages after a claim that was filled', () => {
    const size = new ClaimSize(1_000);
    expect(size.learn([])).to.equal(false);
    expect(size.learn(claimed(size, 3, 3))).to.equal(false);
    expect(size.learn(claimed(size, size.rooms, 1))).to.equal(true);
    expect(size.learn(claimed(size, 1, size.perRoom))).to.equal(true);
  });

  it('never claims zero rooms or messages', () => {
    const size = new ClaimSize(1);
    settle(size, 1, 10);
    expect([size.rooms, size.perRoom]).to.deep.equal([1, 1]);
    settle(size, 10, 1);
    expect([size.rooms, size.perRoom]).to.deep.equal([1, 1]);
  });
});
