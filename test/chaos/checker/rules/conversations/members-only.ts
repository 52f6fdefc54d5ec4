import { formatPosition } from '@chorus/protocol';
import { indexConversation } from '../../conversations/conversation-index.js';
import { MembershipTimes } from '../../conversations/membership-times.js';
import type { Rule } from '../../rule.js';

export const membersOnly: Rule = {
  name: 'members-only',
  promise:
    'a user who is not a member receives nothing of a private or direct room, and cannot enter or read it',
  *check({ history }) {
    for (const conversation of history.conversations) {
      if (conversation.kind === 'public') continue;
      const times = new MembershipTimes(indexConversation(conversation, history.faults));
      const { roomId, receipts, glimpses, pages } = conversation;
      for (const { userId, by, at, entry } of receipts) {
        if (times.mayHaveBeenMember(userId, at)) continue;
        yield {
          what: `room ${roomId}: ${by} of user ${userId}, who was never a member, received ${formatPosition(entry)}`,
          facts: { entry, at },
        };
      }
      for (const glimpse of [
        ...glimpses,
        ...pages.map((page) => ({ ...page, by: 'reader', what: 'history' })),
      ]) {
        const { userId, by, at, askedAt, what } = glimpse;
        const removed = askedAt === undefined ? undefined : times.removedBefore(userId, askedAt, at);
        if (times.mayHaveBeenMember(userId, at) && removed === undefined) continue;
        yield {
          what: `room ${roomId}: ${by} of user ${userId}, who is not a member, was given ${what}`,
          facts: { glimpse: { userId, by, at, askedAt, what }, removed },
        };
      }
    }
  },
};
