import type { Closeable, Logger } from '@chorus/service';
import {
  type AccessChange,
  type AccessList,
  type Ban,
  banKey,
  REVOKED_SLACK_MS,
  revocationIds,
  type Subject,
} from './access-list.js';

export interface AccessCopyParts {
  readonly list: Pick<AccessList, 'changesAfter' | 'entries'>;
  /** Called with changes that are new to the copy, and that no event announced: connections may have to end. */
  readonly onMissed: (changes: readonly AccessChange[]) => void;
  /** Called when the copy was read afresh: any number of changes may have been missed. */
  readonly onReread: () => void;
  readonly log: Logger;
  /** Interval at which the list is asked for changes, in milliseconds. Default 200. */
  readonly intervalMs?: number;
  /** Time for which the copy counts as current after the list was asked, in milliseconds. Default 1,000. */
  readonly trustMs?: number;
  /** Largest number of entries. A longer list is not copied: it is asked each time. Default 200,000. */
  readonly maxEntries?: number;
  /** Milliseconds of a monotonic clock, replaced in tests. */
  readonly now?: () => number;
}

/** Interval at which tokens that have expired are forgotten, and a list that is too long is read again, in milliseconds. */
const CLEAN_EVERY_MS = 60_000;

/**
 * Copy of the access list in this process, which admits most users without a question. It only ever admits: a user or token with
 * an entry, and every user while the copy is not known to be current, is left to the list.
 *
 * Every entry that was in the list `trustMs` ago is in the copy, or the copy admits no user. Usually an entry arrives much
 * sooner, by the control event about it: see {@link noticed}.
 */
export class AccessCopy implements Closeable {
  readonly #parts: Required<AccessCopyParts>;
  readonly #timer: NodeJS.Timeout;
  /** Revoked ids with the times from which they may be forgotten, in milliseconds since 1970. */
  #revoked = new Map<string, number>();
  /** Bans by user and by key. */
  #banned = new Map<number, Map<string, Ban>>();
  #entries = 0;
  /** What events announced, until the list was asked afterwards: with the time of the event. */
  readonly #noticed = new Map<string | number, number>();
  #position: string | undefined;
  /** When the list was asked about its position; the copy has everything until then. */
  #currentAt = Number.NEGATIVE_INFINITY;
  /** Answers to earlier questions do not make the copy current. */
  #doubtedAt = Number.NEGATIVE_INFINITY;
  /** Whether the copy has been current before. */
  #wasCurrent = false;
  #cleanedAt = 0;
  /** When a list that was too long is read again. */
  #notBefore = 0;
  #asking: Promise<void> | undefined;
  #closed = false;

  constructor(parts: AccessCopyParts) {
    const defaults = { intervalMs: 200, trustMs: 1_000, maxEntries: 200_000, now: () => performance.now() };
    this.#parts = { ...defaults, ...parts };
    this.#timer = setInterval(() => void this.refresh(), this.#parts.intervalMs);
    void this.refresh();
  }

  /** Whether the user is certainly admitted, to any room. If not, the list must be asked. */
  admits(subject: Subject): boolean {
    const { now, trustMs } = this.#parts;
    if (now() - this.#currentAt > trustMs) return false;
    if (this.#banned.has(subject.userId) || this.#noticed.has(subject.userId)) return false;
    return !revocationIds(subject).some((id) => this.#revoked.has(id) || this.#noticed.has(id));
  }

  /** An event announced that the id of a token was revoked, or that a user was banned. */
  noticed(what: string | number): void {
    this.#noticed.set(what, this.#parts.now());
  }

  /** The copy is not current any more: changes may have been missed, or the list may have lost data. */
  doubt(): void {
    this.#currentAt = Number.NEGATIVE_INFINITY;
    this.#doubtedAt = this.#parts.now();
    void this.refresh();
  }

  /** Number of entries. */
  get size(): number {
    return this.#entries;
  }

  /** Asks the list for changes. Never rejects. */
  refresh(): Promise<void> {
    this.#asking ??= this.#refresh()
      .catch((error: unknown) => {
        // The list could not be asked either.
        this.#currentAt = Number.NEGATIVE_INFINITY;
        this.#parts.log.debug({ error: String(error) }, 'the copy of the access list could not be refreshed');
      })
      .finally(() => {
        this.#asking = undefined;
      });
    return this.#asking;
  }

  async close(): Promise<void> {
    this.#closed = true;
    clearInterval(this.#timer);
    await this.#asking;
  }

  async #refresh(): Promise<void> {
    if (this.#closed || this.#notBefore > this.#parts.now()) return;
    if (this.#position === undefined) await this.#readAll();
    else await this.#follow(this.#position);
  }

  async #follow(from: string): Promise<void> {
    const { list, now, onMissed } = this.#parts;
    for (let position = from; ; ) {
      const askedAt = now();
      const found = await list.changesAfter(position);
      if (this.#closed) return;
      if (found === undefined) {
        await this.#readAll();
        return;
      }
      const missed = found.changes.filter((change) => !this.#wasNoticed(change));
      for (const change of found.changes) this.#apply(change);
      position = found.position;
      this.#position = position;
      if (missed.length > 0) onMissed(missed);
      if (found.changes.length > 0) continue;
      this.#reached(askedAt);
      return;
    }
  }

  async #readAll(): Promise<void> {
    const { list, maxEntries, onReread } = this.#parts;
    this.#currentAt = Number.NEGATIVE_INFINITY;
    this.#position = undefined;
    const first = await list.changesAfter(undefined);
    if (first === undefined) return;
    this.#revoked = new Map();
    this.#banned = new Map();
    this.#entries = 0;
    for await (const page of list.entries()) {
      for (const change of page) this.#apply(change);
      if (this.#entries > maxEntries) this.#giveUp();
      if (this.#notBefore > this.#parts.now() || this.#closed) return;
    }
    this.#position = first.position;
    await this.#follow(first.position);
    if (this.#wasCurrent) onReread();
    this.#wasCurrent = true;
  }

  /** The list is too long for a copy. */
  #giveUp(): void {
    this.#currentAt = Number.NEGATIVE_INFINITY;
    this.#position = undefined;
    this.#notBefore = this.#parts.now() + CLEAN_EVERY_MS;
  }

  #reached(askedAt: number): void {
    if (askedAt < this.#doubtedAt) return;
    if (askedAt - this.#cleanedAt > CLEAN_EVERY_MS) this.#forgetEnded(askedAt);
    if (this.#entries > this.#parts.maxEntries) this.#giveUp();
    else this.#currentAt = askedAt;
    // The list has what an event announces before the event is sent.
    for (const [what, at] of this.#noticed) if (at < askedAt) this.#noticed.delete(what);
  }

  #apply(change: AccessChange): void {
    switch (change.type) {
      case 'revoked':
        if (!this.#revoked.has(change.tokenId)) this.#entries++;
        this.#revoked.set(change.tokenId, change.expiresAt + REVOKED_SLACK_MS);
        break;
      case 'banned': {
        const bans = this.#banned.get(change.ban.userId) ?? new Map<string, Ban>();
        const key = banKey(change.ban);
        if (!bans.has(key)) this.#entries++;
        this.#banned.set(change.ban.userId, bans.set(key, change.ban));
        break;
      }
      case 'lifted': {
        const bans = this.#banned.get(change.ban.userId);
        if (bans?.delete(banKey(change.ban))) this.#entries--;
        if (bans?.size === 0) this.#banned.delete(change.ban.userId);
        break;
      }
      default:
        change satisfies never;
    }
  }

  #forgetEnded(now: number): void {
    this.#cleanedAt = now;
    const time = Date.now();
    for (const [id, until] of this.#revoked) {
      if (until < time && this.#revoked.delete(id)) this.#entries--;
    }
  }

  #wasNoticed(change: AccessChange): boolean {
    switch (change.type) {
      case 'revoked':
        return this.#noticed.has(change.tokenId);
      case 'banned':
        return this.#noticed.has(change.ban.userId);
      case 'lifted':
        return true;
      default:
        return change satisfies never;
    }
  }
}
