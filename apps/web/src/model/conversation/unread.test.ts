import { expect } from 'chai';
import { ADA, BEN, message } from '../../testing/messages.js';
import { countUnread, unreadText } from './unread.js';

const MESSAGES = [message(3, BEN), message(4, ADA), message(5, BEN), message(6, BEN)];

describe('unread messages', () => {
  it("are others' messages after the last one that was read", () => {
    const after = (seq: number) => countUnread(MESSAGES, { epoch: 1, seq }, ADA.id, true);
    expect([after(3), after(5), after(6), after(9)].map(({ count }) => count)).to.deep.equal([2, 1, 0, 0]);
  });

  it('may be more than known when the last read message is not loaded', () => {
    expect(countUnread(MESSAGES, { epoch: 1, seq: 1 }, ADA.id, false)).to.deep.equal({
      count: 3,
      more: true,
    });
    expect(countUnread(MESSAGES, { epoch: 1, seq: 1 }, ADA.id, true)).to.deep.equal({
      count: 3,
      more: false,
    });
    // The last read message is loaded: its position is known, whichever user sent it.
    expect(countUnread(MESSAGES, { epoch: 1, seq: 4 }, ADA.id, false)).to.deep.equal({
      count: 2,
      more: false,
    });
  });

  it('are counted across epochs', () => {
    expect(countUnread(MESSAGES, { epoch: 0, seq: 999 }, ADA.id, true).count).to.equal(3);
  });

  it('are none where no message was ever read', () => {
    expect(countUnread(MESSAGES, undefined, ADA.id, true).count).to.equal(0);
  });

  it('are shown in few characters', () => {
    expect(unreadText({ count: 0, more: false })).to.equal('');
    expect(unreadText({ count: 3, more: false })).to.equal('3');
    expect(unreadText({ count: 50, more: true })).to.equal('50+');
    expect(unreadText({ count: 4_000, more: false })).to.equal('999+');
  });
});
