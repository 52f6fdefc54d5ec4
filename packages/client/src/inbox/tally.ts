/** The counts of a room in an answer of the API. */
export interface Counts {
  /** Ordinal of the newest message. */
  readonly n: number;
  /** Ordinal of the last message that the user has read. */
  readonly readN: number;
  readonly unread: number;
  /** Unread messages that mention the user. */
  readonly mentions: number;
}

/** News of a room, as the frame `inbox` has them. */
export interface News {
  readonly n: number;
  readonly messages: number;
  readonly ownN?: number | undefined;
  readonly mentions?: number | undefined;
  readonly deleted?: readonly number[] | undefined;
}

/**
 * Unread messages of a room, by ordinals: those after the last one read, without deleted ones.
 *
 * Each change returns whether the counts are exact. They cannot be if news overlap with what was counted before, or if a position lies
 * among messages of which only the number of deletions and mentions is known. The entry must then be read again.
 */
export class Tally {
  n: number;
  readN: number;
  mentions: number;
  /** Deleted messages among the unread ones. */
  #deleted: number;

  constructor({ n, readN, unread, mentions }: Counts) {
    this.n = n;
    this.readN = readN;
    this.mentions = mentions;
    this.#deleted = n - readN - unread;
  }

  get unread(): number {
    return Math.max(0, this.n - this.readN - this.#deleted);
  }

  /** @param fresh whether the news are known to begin after what was counted */
  add({ n, messages, ownN = 0, mentions = 0, deleted = [] }: News, fresh: boolean): boolean {
    const from = n - messages;
    let exact = from === this.n;
    this.n = n;
    // An own message reads all before it.
    if (!this.readTo(ownN)) exact = false;
    if (this.readN <= from) this.mentions += mentions;
    else if (this.readN < n && mentions > 0) exact = false;
    const count = deleted.filter((one) => one > this.readN).length;
    this.#deleted += count;
    // A deleted message may be one of those that mention the user.
    return exact && (count === 0 || (fresh && this.mentions === 0));
  }

  /** The messages up to `n` were read. Never moves back. */
  readTo(n: number): boolean {
    if (n <= this.readN) return true;
    const all = n >= this.n;
    const exact = all || (this.mentions === 0 && this.#deleted === 0);
    this.readN = n;
    if (all) this.mentions = this.#deleted = 0;
    return exact;
  }
}
