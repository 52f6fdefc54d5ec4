import { formatPosition, isAfter } from '@chorus/protocol';
import type { ClientList, ViewedMessage } from '../../../history/conversation.js';
import {
  type ConversationIndex,
  indexConversation,
  messageOf,
  repliedTo,
} from '../../conversations/conversation-index.js';
import { PossibleMessages } from '../../conversations/possible-messages.js';
import type { Rule, Violation } from '../../rule.js';

export const folded: Rule = {
  name: 'folded',
  promise:
    'the history is the entries folded in order, and after quiet the list of messages of every client is the history',
  *check({ history }) {
    for (const conversation of history.conversations) {
      const index = indexConversation(conversation, history.faults);
      const possible = new PossibleMessages(index);
      const { roomId, histories, lists } = conversation;
      for (const [one, other] of index.conflicts) {
        yield {
          what: `room ${roomId}: two entries have the position ${formatPosition(one)}`,
          facts: { one, other },
        };
      }
      for (const each of histories) yield* checkHistory(each, index, possible);
      for (const list of lists) {
        const own = histories.find(({ userId }) => userId === list.userId);
        if (own !== undefined) yield* checkList(list, own, index, possible);
      }
    }
  },
};

function* checkHistory(
  { by, userId, messages }: ClientList,
  { entries, conversation }: ConversationIndex,
  possible: PossibleMessages,
): Iterable<Violation> {
  const { roomId } = conversation;
  yield* inOrder(roomId, by, messages);
  for (const message of messages) {
    const ways = possible.of(message, userId);
    // Not received by any member: other rules say whether that is excused.
    if (ways === undefined || ways.some((way) => equal(way, message))) continue;
    yield {
      what: `room ${roomId}: in ${by}, ${formatPosition(message)} is not what its entries make of it`,
      facts: { message, folded: ways[0], entries: about(entries, message) },
    };
  }
  const shown = new Set(messages.map(formatPosition));
  for (const known of entries) {
    if (known.entry.type !== 'message' || shown.has(formatPosition(known.entry))) continue;
    if (possible.mayBeLost(known)) continue;
    yield {
      what: `room ${roomId}: ${by} lacks ${formatPosition(known.entry)}`,
      facts: known,
    };
  }
}

function* checkList(
  { by, userId, messages }: ClientList,
  own: ClientList,
  { byPlace, entries, conversation: { roomId } }: ConversationIndex,
  possible: PossibleMessages,
): Iterable<Violation> {
  yield* inOrder(roomId, by, messages);
  const listed = new Map(messages.map((message) => [formatPosition(message), message]));
  for (const message of own.messages) {
    const place = formatPosition(message);
    const shown = listed.get(place);
    listed.delete(place);
    if (shown !== undefined && equal(shown, message)) continue;
    const excused = shown !== undefined && !possible.isCertain(message);
    if (excused && (possible.of(message, userId) ?? []).some((way) => equal(way, shown))) continue;
    yield {
      what: `room ${roomId}: in ${by}, ${place} is ${shown === undefined ? 'missing' : 'not as in the history'}`,
      facts: { shown, history: message, entries: about(entries, message) },
    };
  }
  for (const [place, message] of listed) {
    const known = byPlace.get(place);
    if (known !== undefined && possible.mayBeLost(known)) continue;
    yield { what: `room ${roomId}: ${by} has ${place}, which the history lacks`, facts: message };
  }
}

function* inOrder(roomId: number, by: string, messages: readonly ViewedMessage[]): Iterable<Violation> {
  for (const [index, message] of messages.entries()) {
    const before = messages[index - 1];
    if (before === undefined || isAfter(message, before)) continue;
    yield {
      what: `room ${roomId}: in ${by}, ${formatPosition(message)} comes after ${formatPosition(before)}`,
      facts: { before, message },
    };
  }
}

function equal(one: ViewedMessage, other: ViewedMessage): boolean {
  return textOf(one) === textOf(other);
}

/** A deleted message keeps only what its tombstone has. */
function textOf({ replyTo, ...message }: ViewedMessage): string {
  return JSON.stringify(message.deletedBy === undefined ? { ...message, replyTo } : message);
}

/** The message, its changes and the replies to it. */
function about(entries: ConversationIndex['entries'], message: ViewedMessage): unknown[] {
  const place = formatPosition(message);
  return entries.filter(({ entry }) =>
    [messageOf(entry), repliedTo(entry)].some((each) => each !== undefined && formatPosition(each) === place),
  );
}
