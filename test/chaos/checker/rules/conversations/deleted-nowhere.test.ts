import { formatPosition } from '@chorus/protocol';
import { expect } from 'chai';
import { marksIn } from '../../../conversations/marks.js';
import { ALL_LOST, SpoilableConversation } from '../../../testing/spoilable-conversation.js';
import { deletedNowhere } from './deleted-nowhere.js';

describe('the history checker, about deleted texts,', () => {
  let conversation: SpoilableConversation;
  beforeEach(() => {
    conversation = new SpoilableConversation();
  });

  const textsOfDeleted = () => {
    const deleted = conversation.message(({ deletedBy }) => deletedBy !== undefined);
    const about = conversation
      .entries()
      .filter(
        (entry) =>
          formatPosition(entry) === formatPosition(deleted) ||
          ('target' in entry && formatPosition(entry.target) === formatPosition(deleted)),
      );
    return { deleted, marks: about.flatMap((entry) => marksIn(JSON.stringify(entry))) };
  };

  it('finds each text that a deleted message had, in whatever store or answer', () => {
    const { marks } = textsOfDeleted();
    expect(marks).to.not.deep.equal([]);
    for (const { mark } of marks) {
      conversation.draft.found.push({ mark, where: 'a key' });
      expect(conversation.violations(deletedNowhere)).to.have.length(1);
      conversation.draft.found.pop();
    }
  });

  it('finds the text of an edit that no member received, because it was erased, if the store still has it', () => {
    const { deleted } = textsOfDeleted();
    const target = { epoch: deleted.epoch, seq: deleted.seq };
    const edit = {
      kind: 'edit',
      at: 1,
      endedAt: 2,
      outcome: 'unknown',
      userId: 2,
      clientMsgId: 'e',
    } as const;
    conversation.draft.actions.push({ ...edit, mark: 999_999, target });
    conversation.draft.found.push({ mark: 999_999, where: 'a key' });
    expect(conversation.violations(deletedNowhere)).to.have.length(1);
  });

  it('finds an answer with the text to a request that was sent after the deletion', () => {
    const { deleted } = textsOfDeleted();
    const page = { userId: 2, messages: [{ ...deleted, deletedBy: undefined, content: 'text' }] };
    conversation.draft.pages.push({ ...page, at: 9e9 + 1, askedAt: 9e9 });
    expect(conversation.violations(deletedNowhere)).to.have.length(1);
    // Redis lost the deletion, and another one followed.
    expect(conversation.violations(deletedNowhere, [ALL_LOST])).to.deep.equal([]);
    conversation.draft.pages.splice(-1, 1, { ...page, at: 9e9, askedAt: 0 });
    expect(conversation.violations(deletedNowhere)).to.deep.equal([]);
  });
});
