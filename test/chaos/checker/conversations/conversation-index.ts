import { formatPosition, isAfter, type Position } from '@chorus/protocol';
import type { Conversation, Entry } from '../../history/conversation.js';
import type { Fault } from '../../history/history.js';

/** An entry of a room, as members received it. */
export interface KnownEntry {
  readonly entry: Entry;
  /** When the first member received it. */
  readonly firstAt: number;
  /** When a client began to send it; undefined if that is not known. */
  readonly sentAt: number | undefined;
  /** Whether Redis may have lost it: it was on its way to Redis, or existed, in the time of a loss. */
  readonly isLosable: boolean;
}

/** All entries of a conversation, according to all members. */
export interface ConversationIndex {
  readonly conversation: Conversation;
  /** By position, each once; without erased ones. */
  readonly entries: readonly KnownEntry[];
  readonly byPlace: ReadonlyMap<string, KnownEntry>;
  /** Pairs of different entries that members received at one position. */
  readonly conflicts: ReadonlyArray<readonly [Entry, Entry]>;
  /** Number of positions within epochs at which no member received an entry. */
  readonly unobserved: number;
}

/** Clocks of members are exact; what they receive travels for a while, in milliseconds. */
const ON_THE_WAY_MS = 1_000;

export function indexConversation(conversation: Conversation, faults: readonly Fault[]): ConversationIndex {
  const firsts = new Map<string, { entry: Entry; firstAt: number }>();
  const erased = new Set<string>();
  const conflicts: Array<[Entry, Entry]> = [];
  for (const { at, entry } of conversation.receipts) {
    const place = formatPosition(entry);
    if (entry.type === 'change' && entry.change === 'erased') {
      erased.add(place);
      continue;
    }
    const first = firsts.get(place);
    if (first === undefined) {
      firsts.set(place, { entry, firstAt: at });
      continue;
    }
    if (idOf(first.entry) !== idOf(entry)) conflicts.push([first.entry, entry]);
    // What was restored after a loss is the message with its changes: the original tells more.
    if (isRestored(first.entry) && !isRestored(entry)) first.entry = entry;
    first.firstAt = Math.min(first.firstAt, at);
  }
  const sentAt = new Map(conversation.actions.map((action) => [senderKey(action), action.at]));
  const entries = [...firsts.values()]
    .sort((a, b) => (isAfter(a.entry, b.entry) ? 1 : -1))
    .map(({ entry, firstAt }): KnownEntry => {
      const sent = sentAt.get(senderKey(entry as { userId: number; clientMsgId?: string }));
      const until = sent ?? firstAt - ON_THE_WAY_MS;
      const isLosable = faults.some(
        ({ loss }) => loss !== undefined && firstAt >= loss.since && until <= loss.until,
      );
      return { entry, firstAt, sentAt: sent, isLosable };
    });
  const byPlace = new Map(entries.map((known) => [formatPosition(known.entry), known]));
  return { conversation, entries, byPlace, conflicts, unobserved: holes(byPlace, erased) };
}

function senderKey({ userId, clientMsgId }: { userId: number; clientMsgId?: string | undefined }): string {
  return `${userId} ${clientMsgId}`;
}

function idOf(entry: Entry): string {
  return 'id' in entry ? entry.id : '';
}

function isRestored(entry: Entry): boolean {
  return entry.type === 'message' && entry.changed !== undefined;
}

/** Positions of an epoch are consecutive. */
function holes(byPlace: ReadonlyMap<string, KnownEntry>, erased: ReadonlySet<string>): number {
  const spans = new Map<number, [number, number]>();
  for (const { entry } of byPlace.values()) {
    const [from, to] = spans.get(entry.epoch) ?? [entry.seq, entry.seq];
    spans.set(entry.epoch, [Math.min(from, entry.seq), Math.max(to, entry.seq)]);
  }
  let count = 0;
  for (const [epoch, [from, to]] of spans) {
    for (let seq = from; seq <= to; seq++) {
      const place = formatPosition({ epoch, seq });
      if (!byPlace.has(place) && !erased.has(place)) count++;
    }
  }
  return count;
}

/** Returns the message that an entry is, or changes; undefined for other entries. A reply is a message itself: see {@link repliedTo}. */
export function messageOf(entry: Entry): Position | undefined {
  if (entry.type === 'message') return entry;
  return 'target' in entry ? entry.target : undefined;
}

export function repliedTo(entry: Entry): Position | undefined {
  return entry.type === 'message' ? entry.replyTo : undefined;
}
