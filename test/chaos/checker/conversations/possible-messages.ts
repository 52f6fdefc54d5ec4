import { formatPosition, isAfter, type Position } from '@chorus/protocol';
import type { Entry, ViewedMessage } from '../../history/conversation.js';
import { type ConversationIndex, type KnownEntry, messageOf, repliedTo } from './conversation-index.js';
import { foldOwn } from './own-fold.js';

/** Largest number of ways to lose entries that are tried for one message. */
const MOST_WAYS = 2_000;

/**
 * What messages of a room can be, by the entries that members received. There is one possibility, unless Redis lost data: what it lost is the end of
 * an epoch, behind the last message that is still there.
 */
export class PossibleMessages {
  readonly #about = new Map<string, KnownEntry[]>();
  /** The last message of each epoch that the history has. */
  readonly #lasts = new Map<number, number>();

  constructor({ entries, conversation }: Pick<ConversationIndex, 'entries' | 'conversation'>) {
    for (const known of entries) {
      for (const place of [messageOf(known.entry), repliedTo(known.entry)]) {
        if (place === undefined) continue;
        const key = formatPosition(place);
        const others = this.#about.get(key);
        if (others === undefined) this.#about.set(key, [known]);
        else others.push(known);
      }
    }
    for (const { messages } of conversation.histories) {
      for (const { epoch, seq } of messages) {
        this.#lasts.set(epoch, Math.max(seq, this.#lasts.get(epoch) ?? 0));
      }
    }
  }

  /** Whether Redis may have lost an entry. */
  mayBeLost({ entry, isLosable }: KnownEntry): boolean {
    return isLosable && entry.seq > (this.#lasts.get(entry.epoch) ?? 0);
  }

  /** Whether what the message is depends on what Redis lost. */
  isCertain(place: Position): boolean {
    return !(this.#about.get(formatPosition(place)) ?? []).some((known) => this.mayBeLost(known));
  }

  /** Returns everything that a message can be; undefined if no member received it. */
  of(place: Position, viewer: number): ViewedMessage[] | undefined {
    const about = this.#about.get(formatPosition(place)) ?? [];
    const ways = this.#ways(about).map((entries) => foldOwn(place, entries, viewer));
    const possible = ways.filter((message) => message !== undefined);
    return possible.length === 0 ? undefined : possible;
  }

  #ways(about: readonly KnownEntry[]): Entry[][] {
    const epochs = new Map<number, Entry[]>();
    for (const known of about.filter((each) => this.mayBeLost(each))) {
      const { entry } = known;
      epochs.set(entry.epoch, [...(epochs.get(entry.epoch) ?? []), entry]);
    }
    let ways: Entry[][] = [about.filter((known) => !this.mayBeLost(known)).map(({ entry }) => entry)];
    for (const lost of epochs.values()) {
      const kept = lost.map((_, index) => lost.slice(0, index + 1));
      ways = [...ways, ...ways.flatMap((way) => kept.map((some) => [...way, ...some]))].slice(0, MOST_WAYS);
    }
    return ways.map((way) => way.sort((a, b) => (isAfter(a, b) ? 1 : -1)));
  }
}
