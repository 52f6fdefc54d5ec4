import { formatPosition, isAfter, type Position } from '@chorus/protocol';
import type { Conversation, InboxAnswer } from '../../../history/conversation.js';
import type { Fault } from '../../../history/history.js';
import {
  type ConversationIndex,
  indexConversation,
  type KnownEntry,
  messageOf,
} from '../../conversations/conversation-index.js';
import { foldOwn } from '../../conversations/own-fold.js';
import { PossibleMessages } from '../../conversations/possible-messages.js';
import type { Rule, Violation } from '../../rule.js';

const NOTHING: Position = { epoch: 0, seq: 0 };

export const unread: Rule = {
  name: 'unread',
  promise:
    'in every answer of the inbox, unread messages and mentions are those that counting by hand gives, and read positions are as far as the user has read',
  *check({ history }) {
    for (const conversation of history.conversations) {
      const index = indexConversation(conversation, history.faults);
      // Entries that no member received could be messages.
      if (index.unobserved > 0) continue;
      const counts = new Counts(index);
      for (const answer of conversation.inboxes) {
        yield* counted(conversation, answer, counts);
        yield* readSoFar(conversation, answer, index, history.faults);
      }
    }
  },
};

/** Messages and their changes, in order. */
class Counts {
  readonly #about = new Map<string, KnownEntry[]>();
  readonly #messages: readonly KnownEntry[];
  readonly #possible: PossibleMessages;

  constructor({ entries, conversation }: ConversationIndex) {
    this.#possible = new PossibleMessages({ entries, conversation });
    this.#messages = entries.filter(({ entry }) => entry.type === 'message');
    for (const known of entries) {
      const place = messageOf(known.entry);
      if (place === undefined) continue;
      const key = formatPosition(place);
      const others = this.#about.get(key);
      if (others === undefined) this.#about.set(key, [known]);
      else others.push(known);
    }
  }

  /** The numbers after a position and up to another, and how many of the entries that they depend on Redis may have lost. */
  between(
    read: Position,
    upTo: Position,
    userId: number,
  ): { unread: number; mentions: number; uncertain: number } {
    let [unread, mentions, uncertain] = [0, 0, 0];
    for (const { entry: message } of this.#messages) {
      if (!isAfter(message, read)) continue;
      if (isAfter(message, upTo)) break;
      const about = (this.#about.get(formatPosition(message)) ?? []).filter(
        ({ entry }) => !isAfter(entry, upTo),
      );
      uncertain += about.filter((known) => this.#possible.mayBeLost(known)).length;
      const now = foldOwn(
        message,
        about.map(({ entry }) => entry),
        userId,
      );
      if (now === undefined || now.deletedBy !== undefined) continue;
      unread++;
      const isMine = now.mentions.some((mention) => mention === userId || mention === 'room');
      if (isMine && now.userId !== userId) mentions++;
    }
    return { unread, mentions, uncertain };
  }
}

function* counted({ roomId }: Conversation, answer: InboxAnswer, counts: Counts): Iterable<Violation> {
  const { userId, position = NOTHING, read = NOTHING } = answer;
  const byHand = counts.between(read, position, userId);
  for (const what of ['unread', 'mentions'] as const) {
    if (Math.abs(answer[what] - byHand[what]) <= byHand.uncertain) continue;
    yield {
      what: `room ${roomId}: the inbox of user ${userId} has ${what} ${answer[what]} at ${formatPosition(position)}, and counting by hand gives ${byHand[what]}`,
      facts: { answer, byHand },
    };
  }
}

/** Marks that Redis may have lost are not expected. */
function* readSoFar(
  { roomId, reads, readsDone, memberships }: Conversation,
  answer: InboxAnswer,
  { entries }: ConversationIndex,
  faults: readonly Fault[],
): Iterable<Violation> {
  const { userId, at, askedAt, read = NOTHING } = answer;
  const own = entries.filter(({ entry }) => {
    if (entry.type === 'message') return entry.userId === userId;
    return entry.change === 'member-added' && entry.member.id === userId;
  });
  const [first] = entries;
  const sent = [
    ...reads.filter((mark) => mark.userId === userId && mark.at <= at).map(({ position }) => position),
    ...own.map(({ entry }) => entry),
  ];
  if (first !== undefined && isAfter(read, first.entry) && !sent.some((place) => !isAfter(read, place))) {
    yield {
      what: `room ${roomId}: the inbox of user ${userId} says that everything up to ${formatPosition(read)} is read, and the user has not read so far`,
      facts: { answer },
    };
  }
  // The read position of a user who is removed and added again begins at the addition.
  const stays = memberships.every((change) => change.userId !== userId || change.type === 'add');
  if (!stays || faults.some(({ loss }) => loss !== undefined && loss.since <= at)) return;
  const done = readsDone.findLast((mark) => mark.userId === userId && mark.at < askedAt);
  const ownMessage = own.findLast(({ firstAt }) => firstAt < askedAt);
  for (const least of [done?.position, ownMessage?.entry]) {
    if (least === undefined || !isAfter(least, read)) continue;
    yield {
      what: `room ${roomId}: the inbox of user ${userId} says that ${formatPosition(read)} is read, and the user has read up to ${formatPosition(least)}`,
      facts: { answer, least },
    };
  }
}
