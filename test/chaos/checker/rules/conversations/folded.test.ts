import { formatPosition, type Position } from '@chorus/protocol';
import { expect } from 'chai';
import type { Entry, ViewedMessage } from '../../../history/conversation.js';
import { ALL_LOST, alter, SpoilableConversation } from '../../../testing/spoilable-conversation.js';
import { folded } from './folded.js';

describe('the history checker, about changed messages,', () => {
  let conversation: SpoilableConversation;
  beforeEach(() => {
    conversation = new SpoilableConversation();
  });

  const planted: ReadonlyArray<
    readonly [string, (message: ViewedMessage) => boolean, Partial<ViewedMessage>]
  > = [
    [
      'an edit that had no effect',
      ({ isEdited, deletedBy }) => isEdited && !deletedBy,
      { content: 'mark-1-0.' },
    ],
    ['a message that is not marked as edited', ({ isEdited }) => isEdited, { isEdited: false }],
    ['a reply that was not counted', ({ replies }) => replies > 0, { replies: 0 }],
    ['a reaction that is missing', ({ reactions }) => reactions.length > 0, { reactions: [] }],
    ['a message that is not deleted', ({ deletedBy }) => deletedBy !== undefined, { deletedBy: undefined }],
    ['data that changed', ({ data }) => data !== undefined, { data: '{}' }],
  ];
  for (const [what, fits, change] of planted) {
    it(`finds ${what} in the history`, () => {
      conversation.alterEverywhere(conversation.message(fits), change);
      expect(conversation.violations(folded)).to.have.length(3);
    });

    it(`finds ${what} in the list of one client`, () => {
      alter(conversation.list(), conversation.message(fits), change);
      expect(conversation.violations(folded)).to.have.length(1);
    });
  }

  it('finds a message that the list of a client lacks, has twice, or has although the history lacks it', () => {
    const messages = conversation.list();
    const [first, second] = messages;
    messages.splice(0, 1);
    expect(conversation.violations(folded)).to.deep.equal([
      `room 7: in the list of user 2, ${formatPosition(first as Position)} is missing`,
    ]);
    messages.unshift(first as ViewedMessage, second as ViewedMessage);
    expect(conversation.violations(folded)).to.have.length(1);
    messages.splice(1, 1);
    messages.push({ ...(messages.at(-1) as ViewedMessage), seq: 9_999 });
    expect(conversation.violations(folded)).to.have.length(1);
  });

  it('finds a message that the history lacks', () => {
    for (const { messages } of [...conversation.draft.histories, ...conversation.draft.lists])
      (messages as ViewedMessage[]).splice(3, 1);
    expect(conversation.violations(folded)).to.have.length(3);
  });

  it('finds two entries at one position', () => {
    const first = conversation.draft.receipts[0];
    if (first === undefined) throw new Error('there are no entries');
    conversation.draft.receipts.push({ ...first, entry: { ...first.entry, id: 'other' } as Entry });
    expect(conversation.violations(folded)).to.have.length(1);
  });

  it('excuses what Redis may have lost: the end of an epoch, for histories, and for clients that had received it', () => {
    for (const { messages } of conversation.draft.histories) (messages as ViewedMessage[]).pop();
    const before = conversation.history().at(-1) as ViewedMessage;
    expect(conversation.violations(folded)).to.not.deep.equal([]);
    expect(conversation.violations(folded, [ALL_LOST])).to.deep.equal([]);
    expect(conversation.violations(folded, [{ since: 0, at: 0, until: 1 }])).to.not.deep.equal([]);
    // Messages before it were there: none of them is lost.
    conversation.alterEverywhere(before, { content: 'other' });
    expect(conversation.violations(folded, [ALL_LOST])).to.not.deep.equal([]);
  });
});
