import { indexConversation } from '../checker/conversations/conversation-index.js';
import type { History } from '../history/history.js';

/** What happened in the rooms whose members and messages change, as text by name. */
export function conversationFigures({ conversations, faults }: History): Record<string, string> {
  if (conversations.length === 0) return {};
  const sum = (count: (conversation: History['conversations'][number]) => number): number =>
    conversations.reduce((total, conversation) => total + count(conversation), 0);
  const indexes = conversations.map((conversation) => indexConversation(conversation, faults));
  const entries = indexes.reduce((total, index) => total + index.entries.length, 0);
  const unobserved = indexes.reduce((total, index) => total + index.unobserved, 0);
  const messages = sum(({ histories }) => histories[0]?.messages.length ?? 0);
  const deleted = sum(
    ({ histories }) => histories[0]?.messages.filter(({ deletedBy }) => deletedBy !== undefined).length ?? 0,
  );
  return {
    'entries of conversations': `${entries}, and ${unobserved} that no member received`,
    'their messages': `${messages}, ${deleted} of them deleted, ${sum(({ growths }) => growths.length)} written piece by piece`,
    'changes of members': `${sum(({ memberships }) => memberships.filter(({ startedAt }) => startedAt > 0).length)}`,
    'history pages read meanwhile': `${sum(({ pages }) => pages.length)}`,
  };
}
