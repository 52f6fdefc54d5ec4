import { expect } from 'chai';
import { marksIn } from '../../../conversations/marks.js';
import type { Entry, ViewedMessage } from '../../../history/conversation.js';
import { OWNER } from '../../../testing/simulated-conversation.js';
import { ALL_LOST, SpoilableConversation } from '../../../testing/spoilable-conversation.js';
import { appendedOnce } from './appended-once.js';

describe('the history checker, about appended texts,', () => {
  let conversation: SpoilableConversation;
  beforeEach(() => {
    conversation = new SpoilableConversation();
  });

  const grown = (): ViewedMessage => conversation.message(({ content }) => marksIn(content).length > 3);

  it('finds a piece that is there twice, missing, or out of order', () => {
    const message = grown();
    const [one, two, three, four] = message.content.trim().split(' ');
    const problems = {
      'has a piece twice': [one, two, two, three, four],
      'lacks a piece in the middle': [one, two, four],
      'is not whole': [one, two, three],
      'is out of order': [one, three, two, four],
    };
    for (const [problem, pieces] of Object.entries(problems)) {
      conversation.alterEverywhere(message, { content: pieces.join(' ') });
      expect(conversation.violations(appendedOnce).join()).to.include(problem);
    }
  });

  it('excuses pieces that Redis lost, but none that is there twice', () => {
    const message = grown();
    const [one, two, , four] = message.content.trim().split(' ');
    conversation.alterEverywhere(message, { content: [one, two, four].join(' ') });
    expect(conversation.violations(appendedOnce, [ALL_LOST])).to.deep.equal([]);
    conversation.alterEverywhere(message, { content: [one, two, two].join(' ') });
    expect(conversation.violations(appendedOnce, [ALL_LOST])).to.have.length(1);
  });

  it('finds a change that was accepted twice', () => {
    const change = conversation.last((entry) => entry.type === 'change' && entry.change === 'edited');
    conversation.draft.receipts.push({
      at: 9e9,
      userId: OWNER,
      by: 'x',
      entry: { ...change, seq: 9_999, id: 'y' } as Entry,
    });
    expect(conversation.violations(appendedOnce)).to.have.length(1);
    expect(conversation.violations(appendedOnce, [ALL_LOST])).to.deep.equal([]);
  });
});
