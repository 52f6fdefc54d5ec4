import { isAfter } from '@chorus/protocol';
import { expect } from 'chai';
import type { InboxAnswer } from '../../../history/conversation.js';
import { ALL_LOST, SpoilableConversation } from '../../../testing/spoilable-conversation.js';
import { unread } from './unread.js';

describe('the history checker, about unread messages,', () => {
  let conversation: SpoilableConversation;
  beforeEach(() => {
    conversation = new SpoilableConversation();
  });

  /** Changes the last answer that fits. */
  const spoil = (
    change: (answer: InboxAnswer) => Partial<InboxAnswer>,
    fits: (answer: InboxAnswer) => boolean = () => true,
  ): InboxAnswer => {
    const { inboxes } = conversation.draft;
    const index = inboxes.findLastIndex(fits);
    const answer = inboxes[index];
    if (answer === undefined) throw new Error('there is no such answer');
    inboxes[index] = { ...answer, ...change(answer) };
    return answer;
  };

  it('finds a message too many and one too few', () => {
    spoil(({ unread: count }) => ({ unread: count + 1 }));
    expect(conversation.violations(unread).join()).to.match(
      /has unread \d+ at .* counting by hand gives \d+/,
    );
    conversation = new SpoilableConversation();
    spoil(
      ({ unread: count }) => ({ unread: count - 1 }),
      ({ unread: count }) => count > 0,
    );
    expect(conversation.violations(unread)).to.have.length(1);
  });

  it('finds a deleted message that counts as unread', () => {
    const { draft } = conversation;
    const entries = conversation.entries();
    const deletion = entries.find((entry) => entry.type === 'change' && entry.change === 'deleted');
    const last = entries.at(-1);
    if (deletion?.type !== 'change' || deletion.change !== 'deleted' || last === undefined) throw new Error();
    const read = { epoch: deletion.target.epoch, seq: deletion.target.seq - 1 };
    const unreadAfter = conversation
      .history()
      .filter((message) => isAfter(message, read) && message.deletedBy === undefined).length;
    const answer = { at: 0, askedAt: 0, userId: 2, position: last, read, n: 0, mentions: 0 };
    draft.inboxes.push({ ...answer, unread: unreadAfter + 1 });
    expect(conversation.violations(unread).join()).to.include('has unread');
  });

  it('finds a mention that was not counted', () => {
    spoil(({ mentions }) => ({ mentions: mentions + 1 }));
    expect(conversation.violations(unread).join()).to.include('has mentions');
  });

  it('finds a read position that moved backwards, and one that the user has not read', () => {
    spoil(
      () => ({ read: undefined, unread: 0, mentions: 0 }),
      ({ read }) => read !== undefined,
    );
    expect(conversation.violations(unread).join()).to.include('and the user has read up to');
    conversation = new SpoilableConversation();
    const { draft } = conversation;
    draft.reads.length = 0;
    const position = conversation.entries().at(-1);
    spoil(() => ({ read: position, unread: 0, mentions: 0 }));
    expect(conversation.violations(unread).join()).to.include('the user has not read so far');
  });

  it('excuses counts as far as they depend on what Redis may have lost', () => {
    // The last message of an epoch is lost.
    const lost = conversation.history().at(-1);
    for (const { messages } of conversation.draft.histories) (messages as unknown[]).pop();
    const position = conversation.entries().at(-1);
    const answer = { at: 0, askedAt: 0, userId: 2, position, n: 0, mentions: 0 };
    const read = lost && { epoch: lost.epoch, seq: lost.seq - 1 };
    conversation.draft.inboxes.push({ ...answer, read, unread: lost?.deletedBy === undefined ? 0 : 1 });
    expect(conversation.violations(unread)).to.have.length(1);
    expect(conversation.violations(unread, [ALL_LOST])).to.deep.equal([]);
  });
});
