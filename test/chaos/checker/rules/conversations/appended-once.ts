import { formatPosition } from '@chorus/protocol';
import { marksIn } from '../../../conversations/marks.js';
import type { Conversation, Growth } from '../../../history/conversation.js';
import type { Fault } from '../../../history/history.js';
import { type ConversationIndex, indexConversation } from '../../conversations/conversation-index.js';
import type { Rule, Violation } from '../../rule.js';

export const appendedOnce: Rule = {
  name: 'appended-once',
  promise:
    'a text that was appended piece by piece is whole, each piece once and in order; each message and change is one entry',
  *check({ history }) {
    for (const conversation of history.conversations) {
      const index = indexConversation(conversation, history.faults);
      yield* repeatedEntries(index);
      yield* growths(conversation, index, history.faults);
    }
  },
};

/** Only what Redis lost may have been accepted a second time. */
function* repeatedEntries({ entries, conversation }: ConversationIndex): Iterable<Violation> {
  const firsts = new Map<string, (typeof entries)[number]>();
  for (const known of entries) {
    const { entry } = known;
    if (!('clientMsgId' in entry) || entry.clientMsgId === undefined) continue;
    const key = `${entry.userId} ${entry.clientMsgId}`;
    const first = firsts.get(key);
    firsts.set(key, known);
    if (first === undefined || first.isLosable) continue;
    yield {
      what: `room ${conversation.roomId}: ${entry.clientMsgId} of user ${entry.userId} is two entries, ${formatPosition(first.entry)} and ${formatPosition(entry)}`,
      facts: { first: first.entry, second: entry },
    };
  }
}

function* growths(
  { roomId, growths, histories, actions }: Conversation,
  { entries }: ConversationIndex,
  faults: readonly Fault[],
): Iterable<Violation> {
  const messages = histories[0]?.messages ?? [];
  const shown = new Map(messages.map((message) => [formatPosition(message), message]));
  const byMark = new Map(
    entries.flatMap(({ entry }) =>
      entry.type === 'message'
        ? marksIn(entry.content).map(({ mark }) => [mark, formatPosition(entry)] as const)
        : [],
    ),
  );
  const deletedAt = new Set(
    actions.flatMap(({ kind, target }) => (kind === 'delete' && target ? [formatPosition(target)] : [])),
  );
  for (const growth of growths) {
    const place = byMark.get(growth.mark);
    const message = place === undefined ? undefined : shown.get(place);
    if (message?.deletedBy !== undefined) continue;
    const pieces = messages.flatMap(({ content }) =>
      marksIn(content).flatMap(({ mark, piece }) => (mark === growth.mark ? [piece] : [])),
    );
    const problem = problemOf(pieces, growth, mayBeLost(growth, faults));
    if (problem === undefined) continue;
    yield {
      what: `room ${roomId}: the text ${growth.mark} of user ${growth.userId}, appended piece by piece, ${problem}`,
      facts: { growth, pieces, message, isDeleted: place !== undefined && deletedAt.has(place) },
    };
  }
}

function problemOf(pieces: readonly number[], growth: Growth, lossy: boolean): string | undefined {
  if (new Set(pieces).size < pieces.length) return 'has a piece twice';
  if (pieces.some((piece, index) => index > 0 && piece < (pieces[index - 1] ?? 0))) return 'is out of order';
  if (lossy) return undefined;
  // A text that failed is its beginning.
  if (pieces.some((piece, index) => piece !== index)) return 'lacks a piece in the middle';
  return growth.outcome === 'acked' && pieces.length < growth.pieces ? 'is not whole' : undefined;
}

function mayBeLost({ at, endedAt }: Growth, faults: readonly Fault[]): boolean {
  return faults.some(
    ({ loss }) =>
      loss !== undefined && at <= loss.until && (endedAt ?? Number.POSITIVE_INFINITY) >= loss.since,
  );
}
