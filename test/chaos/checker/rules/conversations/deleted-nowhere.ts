import { formatPosition } from '@chorus/protocol';
import { marksIn } from '../../../conversations/marks.js';
import type { Fault } from '../../../history/history.js';
import {
  type ConversationIndex,
  indexConversation,
  messageOf,
} from '../../conversations/conversation-index.js';
import type { Rule, Violation } from '../../rule.js';

export const deletedNowhere: Rule = {
  name: 'deleted-nowhere',
  promise:
    'a deleted text, with all that it was before, is in no key of Redis, no table of PostgreSQL, and in nothing that clients receive afterwards',
  *check({ history }) {
    for (const conversation of history.conversations) {
      const index = indexConversation(conversation, history.faults);
      const messages = conversation.histories[0]?.messages ?? [];
      const deleted = new Set(
        messages.filter(({ deletedBy }) => deletedBy !== undefined).map(formatPosition),
      );
      const gone = marksOf(deleted, index);
      for (const { mark, where } of conversation.found) {
        const place = gone.get(mark);
        if (place === undefined) continue;
        yield {
          what: `room ${conversation.roomId}: a text of ${place}, which was deleted, is still in ${where}`,
          facts: { mark, where, place },
        };
      }
      yield* pagesAfterDeletion(deleted, index, history.faults);
    }
  },
};

/** Returns the marks of all texts that deleted messages ever had, with the message. */
function marksOf(
  deleted: ReadonlySet<string>,
  { entries, conversation }: ConversationIndex,
): Map<number, string> {
  const gone = new Map<number, string>();
  for (const { entry } of entries) {
    const message = messageOf(entry);
    const place = message && formatPosition(message);
    if (place === undefined || !deleted.has(place)) continue;
    for (const { mark } of marksIn(JSON.stringify(entry))) gone.set(mark, place);
  }
  for (const { mark, target } of conversation.actions) {
    const place = target && formatPosition(target);
    if (mark !== undefined && place !== undefined && deleted.has(place)) gone.set(mark, place);
  }
  return gone;
}

/** An answer to a request that was sent after the deletion had been acknowledged. */
function* pagesAfterDeletion(
  deleted: ReadonlySet<string>,
  { conversation }: ConversationIndex,
  faults: readonly Fault[],
): Iterable<Violation> {
  const { roomId, actions, pages } = conversation;
  const doneAt = new Map<string, number>();
  for (const { kind, at, target, outcome, endedAt } of actions) {
    if (kind !== 'delete' || outcome !== 'acked' || target === undefined || endedAt === undefined) continue;
    // Redis may have lost the deletion: another one followed.
    if (faults.some(({ loss }) => loss !== undefined && loss.since <= endedAt && at <= loss.until)) continue;
    const place = formatPosition(target);
    if (deleted.has(place)) doneAt.set(place, Math.min(endedAt, doneAt.get(place) ?? endedAt));
  }
  for (const { userId, askedAt, messages } of pages) {
    for (const message of messages) {
      const done = doneAt.get(formatPosition(message));
      if (done === undefined || askedAt <= done || message.deletedBy !== undefined) continue;
      yield {
        what: `room ${roomId}: user ${userId} read ${formatPosition(message)} in the history after it had been deleted`,
        facts: { message, askedAt, done },
      };
    }
  }
}
