import { expect } from 'chai';
import { FeedLosses, type HistoryLoss } from './losses.js';

const at = (epoch: number, seq: number) => ({ epoch, seq });

describe('losses of a feed', () => {
  let told: HistoryLoss[];
  let losses: FeedLosses;
  beforeEach(() => {
    told = [];
    losses = new FeedLosses((loss) => told.push(loss));
  });

  it('are reported when it continues in the next epoch, before the first delivery of that epoch', () => {
    losses.learn(at(1, 20), at(1, 10));
    expect(told).to.deep.equal([]);
    losses.crossed(at(1, 10), at(5, 11));
    expect(told).to.deep.equal([{ from: at(1, 10), to: at(1, 20), recoverable: false }]);
  });

  it('are reported when they become known later', () => {
    losses.crossed(at(1, 10), at(5, 11));
    losses.crossed(at(5, 14), at(9, 14));
    losses.learn(at(1, 20), at(9, 14));
    expect(told).to.deep.equal([{ from: at(1, 10), to: at(1, 20), recoverable: false }]);
  });

  it('may be of an epoch that it has never seen', () => {
    losses.crossed(at(1, 10), at(9, 11));
    losses.learn(at(5, 13), at(9, 11));
    expect(told).to.deep.equal([{ from: at(1, 10), to: at(5, 13), recoverable: false }]);
  });

  it('are none if it has delivered the messages, or did not exist yet', () => {
    losses.crossed(at(1, 20), at(5, 11));
    losses.learn(at(1, 20), at(5, 12));
    losses.learn(at(1, 15), at(5, 12));
    new FeedLosses((loss) => told.push(loss)).learn(at(1, 20), at(5, 12));
    expect(told).to.deep.equal([]);
  });

  it('are reported once, and again when more losses are known', () => {
    losses.crossed(at(1, 10), at(5, 11));
    for (const seq of [20, 20, 15, 30]) losses.learn(at(1, seq), at(5, 12));
    expect(told.map(({ to }) => to.seq)).to.deep.equal([20, 30]);
  });

  it('can be queried after a position', () => {
    expect(losses.since(at(1, 10), at(5, 11))).to.equal(undefined);
    losses.learn(at(1, 20), at(5, 11));
    expect(losses.since(at(1, 10), at(5, 11))?.to).to.deep.equal(at(1, 20));
    expect(losses.since(at(1, 20), at(5, 11))).to.equal(undefined);
    expect(losses.since(at(5, 11), at(5, 12))).to.equal(undefined);
  });
});
