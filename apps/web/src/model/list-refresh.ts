/** Shortest time between two reads of the list that nobody asked for, in milliseconds; and the interval if the gateway sends no changes. */
export const READ_MS = 20_000;
/** The interval while the gateway sends changes: one may have been lost. */
export const READ_RARELY_MS = 300_000;
/** All pages learn at the same moment that they have to read the list; they do it over so many milliseconds. */
export const SPREAD_MS = 3_000;

/** What {@link ListRefresh} asks the page around it for. */
export interface ListRefreshParts {
  /** Reads the list. */
  read(): void;
  /** Nothing is read for a page that is out of view. */
  isVisible(): boolean;
  /** As `Math.random`. */
  random(): number;
}

/** Decides when the list of rooms is read again: as rarely as the changes that the gateway sends allow. */
export class ListRefresh {
  readonly #parts: ListRefreshParts;
  /** The gateway of this connection sends changes; one of an older version does not. */
  #isNotified = false;
  /** There may be changes that were not sent. */
  #isDue = false;
  /** Set while the list was read a short time ago. */
  #fresh: ReturnType<typeof setTimeout> | undefined;
  #soon: ReturnType<typeof setTimeout> | undefined;
  readonly #intervals: ReadonlyArray<ReturnType<typeof setInterval>>;

  /** The list is being read when this is made. */
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

  /** The gateway sent changes. @param complete whether there are no others */
  notified(complete: boolean): void {
    this.#isNotified = true;
    if (complete) return;
    this.#isDue = true;
    if (this.#fresh === undefined) this.#readSoon();
  }

  /** Without a connection no changes come. */
  disconnected(): void {
    this.#isNotified = false;
  }

  /** The page came into view. */
  shown(): void {
    if (this.#isDue || !this.#isNotified) this.now();
  }

  /** Reads the list now. */
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
