import { expect } from 'chai';
import type { Entry } from '../../../history/conversation.js';
import { MOVER, OUTSIDER } from '../../../testing/simulated-conversation.js';
import { SpoilableConversation } from '../../../testing/spoilable-conversation.js';
import { membersOnly } from './members-only.js';

describe('the history checker, about users who are not members,', () => {
  let conversation: SpoilableConversation;
  beforeEach(() => {
    conversation = new SpoilableConversation();
  });

  it('finds an entry that an outsider received', () => {
    const [entry] = conversation.entries();
    conversation.draft.receipts.push({
      at: 5_000,
      userId: OUTSIDER,
      by: 'outsider/0',
      entry: entry as Entry,
    });
    expect(conversation.violations(membersOnly)).to.have.length(1);
  });

  it('finds an outsider that was let in, saw a notice, or read the history', () => {
    const at = { at: 5_000, askedAt: 4_000, userId: OUTSIDER, by: 'outsider/0' };
    conversation.draft.glimpses.push(
      { ...at, what: 'room-joined' },
      { ...at, askedAt: undefined, what: 'typing' },
    );
    conversation.draft.pages.push({ ...at, messages: [] });
    expect(conversation.violations(membersOnly)).to.deep.equal(
      ['outsider/0', 'outsider/0', 'reader'].map(
        (by, index) =>
          `room 7: ${by} of user 5, who is not a member, was given ${['room-joined', 'typing', 'history'][index]}`,
      ),
    );
  });

  it('finds a removed user that was let in', () => {
    const { behind, addedAgainAt } = conversation.lastRemoval();
    const askedAt = conversation.receivedAt(behind);
    const join = { askedAt, userId: MOVER, by: 'mover/0', what: 'room-joined' };
    conversation.draft.glimpses.push({ ...join, at: addedAgainAt + 5 });
    expect(conversation.violations(membersOnly)).to.deep.equal([]);
    conversation.draft.glimpses.push({ ...join, at: askedAt + 5 });
    expect(conversation.violations(membersOnly)).to.have.length(1);
  });

  it('leaves public rooms alone', () => {
    conversation.draft.glimpses.push({
      at: 5_000,
      askedAt: 4_000,
      userId: OUTSIDER,
      by: 'outsider/0',
      what: 'room-joined',
    });
    conversation.draft = { ...conversation.draft, kind: 'public' };
    expect(conversation.violations(membersOnly)).to.deep.equal([]);
  });
});
