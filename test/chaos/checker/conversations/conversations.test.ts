import { expect } from 'chai';
import { SpoilableConversation } from '../../testing/spoilable-conversation.js';
import { RULES } from '../checker.js';

const NAMES = ['behind-removal', 'members-only', 'folded', 'appended-once', 'deleted-nowhere', 'unread'];

describe('the history checker', () => {
  it('accepts conversations without a violation', () => {
    const rules = RULES.filter(({ name }) => NAMES.includes(name));
    expect(rules).to.have.length(NAMES.length);
    for (let seed = 1; seed <= 8; seed++) {
      const conversation = new SpoilableConversation(seed);
      for (const rule of rules) {
        expect(conversation.violations(rule), `seed ${seed}, ${rule.name}`).to.deep.equal([]);
      }
    }
  });
});
