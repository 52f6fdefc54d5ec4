/**
 * Shortest time between two automatic reads of the list, in milliseconds; and the interval if the gateway sends no
 * changes.
 */
export const READ_MS = 20_000;
/** Interval while the gateway sends changes, in milliseconds: one may have been lost. */
export const READ_RARELY_MS = 300_000;
/**
 * All pages learn at one moment that they must read the list; they spread the reads over this time, in milliseconds.
 */
export const SPREAD_MS = 3_000;

/** Dependencies of {@link ListRefresh}. */
export interface ListRefreshParts {
  /** Reads the list. */
  read(): void;
  /** The list is not read while the page is out of view. */
  isVisible(): boolean;
  /** Like `Math.random`. */
  random(): number;
}

/** Decides when the list of rooms is read again: as rarely as the gateway's changes allow. */
export class ListRefresh {
  readonly #parts: ListRefreshParts;
  /** Whether the gateway of this connection sends changes; older versions do not. */
  #isNotified = false;
  /** Whether there may be changes that were not sent. */
  #isDue = false;
  /** Set while the last read is recent. */
  #fresh: ReturnType<typeof setTimeout> | undefined;
  #soon: ReturnType<typeof setTimeout> | undefined;
  readonly #intervals: ReadonlyArray<ReturnType<typeof setInterval>>;

  /** Must be created while the list is being read. */
  constructor(parts: ListRefreshParts) {
    this.#parts = parts;
    this.#wasRead();
    this.#intervals = [
      setInterval(() => {
        if (!this.#isNotified) this.#readNowOrWhenShown();
      }, READ_MS),
      setInterval(() => this.#readNowOrWhenShown(), READ_RARELY_MS),
    ];
  }

  /** The gateway sent changes. @param complete whether there are no other changes */
  notified(complete: boolean): void {
    this.#isNotified = true;
    if (complete) return;
    this.#isDue = true;
    if (this.#fresh === undefined) this.#readSoon();
  }

  /** Without a connection no changes arrive. */
  disconnected(): void {
    this.#isNotified = false;
  }

  /** The page came into view. */
  shown(): void {
    if (this.#isDue || !this.#isNotified) this.now();
  }

  /** Reads the list. */
  now(): void {
    this.#wasRead();
    this.#parts.read();
  }

  close(): void {
    for (const timer of [this.#fresh, this.#soon]) clearTimeout(timer);
    for (const timer of this.#intervals) clearInterval(timer);
  }

  #readNowOrWhenShown(): void {
    this.#isDue = true;
    if (this.#parts.isVisible()) this.now();
  }

  #readSoon(): void {
    this.#soon ??= setTimeout(() => {
      this.#soon = undefined;
      if (this.#isDue && this.#parts.isVisible()) this.now();
    }, this.#parts.random() * SPREAD_MS);
  }

  #wasRead(): void {
    for (const timer of [this.#fresh, this.#soon]) clearTimeout(timer);
    this.#soon = undefined;
    this.#isDue = false;
    this.#fresh = setTimeout(() => {
      this.#fresh = undefined;
      if (this.#isDue) this.#readSoon();
    }, READ_MS);
  }
}
