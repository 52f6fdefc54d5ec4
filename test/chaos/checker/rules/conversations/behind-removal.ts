import { formatPosition, type Position } from '@chorus/protocol';
import { marksIn } from '../../../conversations/marks.js';
import { indexConversation } from '../../conversations/conversation-index.js';
import { MembershipTimes } from '../../conversations/membership-times.js';
import type { Rule } from '../../rule.js';

export const behindRemoval: Rule = {
  name: 'behind-removal',
  promise: 'no user receives an entry behind their removal: live, replayed, in the history or in the inbox',
  *check({ history }) {
    for (const conversation of history.conversations) {
      if (conversation.kind === 'public') continue;
      const index = indexConversation(conversation, history.faults);
      const times = new MembershipTimes(index);
      const { roomId, receipts, pages, glimpses, actions } = conversation;
      const sentAt = new Map([...index.byPlace].map(([place, known]) => [place, known.sentAt]));
      const textsSentAt = new Map(actions.map(({ mark, at }) => [mark, at]));
      /** Returns the removal after which the entry was received, by its position or by the time at which it was sent. */
      const removal = (userId: number, position: Position, at: number, text: string): object | undefined => {
        const sent = Math.max(
          sentAt.get(formatPosition(position)) ?? 0,
          ...marksIn(text).map(({ mark }) => textsSentAt.get(mark) ?? 0),
        );
        return times.removalBefore(userId, position, at) ?? times.removedBefore(userId, sent, at);
      };
      for (const { userId, by, at, entry } of receipts) {
        const text = entry.type === 'message' ? entry.content : '';
        const removed = removal(userId, entry, at, text);
        if (removed === undefined) continue;
        yield {
          what: `room ${roomId}: ${by} of user ${userId} received ${formatPosition(entry)} behind the user's removal`,
          facts: { entry, removed, at },
        };
      }
      for (const { userId, by, at, what, position } of glimpses) {
        const removed = position && times.removalBefore(userId, position, at);
        if (position === undefined || removed === undefined) continue;
        yield {
          what: `room ${roomId}: ${by} of user ${userId} was told of ${formatPosition(position)}, behind the user's removal, by ${what}`,
          facts: { position, removed, at },
        };
      }
      for (const { userId, at, messages } of pages) {
        for (const message of messages) {
          const removed = removal(userId, message, at, message.content);
          if (removed === undefined) continue;
          yield {
            what: `room ${roomId}: user ${userId} read ${formatPosition(message)} in the history behind the user's removal`,
            facts: { message, removed, at },
          };
        }
      }
    }
  },
};
