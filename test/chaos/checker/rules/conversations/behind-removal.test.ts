import { formatPosition, isAfter } from '@chorus/protocol';
import { expect } from 'chai';
import { marksIn } from '../../../conversations/marks.js';
import type { Entry, ViewedMessage } from '../../../history/conversation.js';
import { MOVER } from '../../../testing/simulated-conversation.js';
import { SpoilableConversation } from '../../../testing/spoilable-conversation.js';
import { behindRemoval } from './behind-removal.js';

describe('the history checker, about entries behind a removal,', () => {
  let conversation: SpoilableConversation;
  beforeEach(() => {
    conversation = new SpoilableConversation();
  });

  it('finds an entry that a removed user received live', () => {
    const { behind } = conversation.lastRemoval();
    conversation.draft.receipts.push({
      at: conversation.receivedAt(behind) + 1,
      userId: MOVER,
      by: 'mover/0',
      entry: behind,
    });
    expect(conversation.violations(behindRemoval)).to.deep.equal([
      `room 7: mover/0 of user 4 received ${formatPosition(behind)} behind the user's removal`,
    ]);
  });

  it('accepts that entry once the user may have been added again', () => {
    const { behind, addedAgainAt } = conversation.lastRemoval();
    conversation.draft.receipts.push({ at: addedAgainAt + 1, userId: MOVER, by: 'mover/0', entry: behind });
    expect(conversation.violations(behindRemoval)).to.deep.equal([]);
  });

  it('finds an entry of a change, and one in a page of the history', () => {
    const { behind, removal } = conversation.lastRemoval();
    const change = conversation
      .entries()
      .find((entry) => entry.type === 'change' && isAfter(entry, removal)) as Entry;
    const at = conversation.receivedAt(behind) + 1;
    conversation.draft.receipts.push({
      at: conversation.receivedAt(change) + 1,
      userId: MOVER,
      by: 'mover/0',
      entry: change,
    });
    const messages = conversation
      .history()
      .filter((message) => formatPosition(message) === formatPosition(behind));
    conversation.draft.pages.push({ at, askedAt: 0, userId: MOVER, messages });
    expect(conversation.violations(behindRemoval)).to.have.length(2);
  });

  it('finds what follows a removal that Redis has lost', () => {
    const { behind, removal } = conversation.lastRemoval();
    const at = conversation.receivedAt(behind) + 1;
    conversation.draft.receipts.push({ at, userId: MOVER, by: 'mover/0', entry: behind });
    const since = conversation.receivedAt(removal) - 1;
    expect(conversation.violations(behindRemoval, [{ since, at, until: at }])).to.have.length(1);
  });

  it('finds news in the inbox of an entry behind the removal', () => {
    const { behind, removal, addedAgainAt } = conversation.lastRemoval();
    const news = { askedAt: undefined, userId: MOVER, by: 'mover/0', what: 'inbox' };
    const at = conversation.receivedAt(behind) + 100;
    conversation.draft.glimpses.push({ ...news, at, position: removal });
    conversation.draft.glimpses.push({ ...news, at: addedAgainAt + 1, position: behind });
    expect(conversation.violations(behindRemoval)).to.deep.equal([]);
    conversation.draft.glimpses.push({ ...news, at, position: behind });
    expect(conversation.violations(behindRemoval)).to.have.length(1);
  });

  it('finds an entry that was sent after the removal was done, when no member received the removal', () => {
    const { behind, removal } = conversation.lastRemoval();
    conversation.draft.receipts.push({
      at: conversation.receivedAt(behind) + 1,
      userId: MOVER,
      by: 'mover/0',
      entry: behind,
    });
    conversation.draft.receipts.splice(
      0,
      Number.POSITIVE_INFINITY,
      ...conversation.draft.receipts.filter(({ entry }) => entry !== removal),
    );
    expect(conversation.violations(behindRemoval)).to.have.length(1);
  });

  it('finds an edit behind the removal in an older message of a page', () => {
    const { behind } = conversation.lastRemoval();
    const [first] = conversation.history();
    const [mark] = marksIn(behind.content);
    const messages = [{ ...(first as ViewedMessage), content: `mark-${mark?.mark}-0.` }];
    conversation.draft.pages.push({
      at: conversation.receivedAt(behind) + 1,
      askedAt: 0,
      userId: MOVER,
      messages,
    });
    expect(conversation.violations(behindRemoval)).to.have.length(1);
  });
});
