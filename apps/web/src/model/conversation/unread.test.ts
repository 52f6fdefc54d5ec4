import { expect } from 'chai';
import { ADA, BEN, message } from '../../testing/messages.js';
import { countUnread, unreadText } from './unread.js';

const MESSAGES = [message(3, BEN), message(4, ADA), message(5, BEN), message(6, BEN)];

describe('what is unread', () => {
  it('is what others said after the message that was read last', () => {
    const after = (seq: number) => countUnread(MESSAGES, { epoch: 1, seq }, ADA.id, true);
    expect([after(3), after(5), after(6), after(9)].map(({ count }) => count)).to.deep.equal([2, 1, 0, 0]);
  });

  it('may be more than is known when the last one read is not among what is known', () => {
    expect(countUnread(MESSAGES, { epoch: 1, seq: 1 }, ADA.id, false)).to.deep.equal({
      count: 3,
      more: true,
    });
    expect(countUnread(MESSAGES, { epoch: 1, seq: 1 }, ADA.id, true)).to.deep.equal({
      count: 3,
      more: false,
    });
    // It is: the position is known, whoever said it.
    expect(countUnread(MESSAGES, { epoch: 1, seq: 4 }, ADA.id, false)).to.deep.equal({
      count: 2,
      more: false,
    });
  });

  it('counts over an epoch’s end', () => {
    expect(countUnread(MESSAGES, { epoch: 0, seq: 999 }, ADA.id, true).count).to.equal(3);
  });

  it('is nothing where nothing was ever read', () => {
    expect(countUnread(MESSAGES, undefined, ADA.id, true).count).to.equal(0);
  });

  it('is told in few characters', () => {
    expect(unreadText({ count: 0, more: false })).to.equal('');
    expect(unreadText({ count: 3, more: false })).to.equal('3');
    expect(unreadText({ count: 50, more: true })).to.equal('50+');
    expect(unreadText({ count: 4_000, more: false })).to.equal('999+');
  });
});
