/** A clock that moves only when a test moves it. Times are in milliseconds. */
export class ManualClock {
  readonly #timers = new Set<{ at: number; callback: () => void }>();

  constructor(private time = 0) {}

  now(): number {
    return this.time;
  }

  /** Calls back once, after `ms`. @returns a function that cancels the call */
  after(ms: number, callback: () => void): () => void {
    const timer = { at: this.time + Math.max(ms, 0), callback };
    this.#timers.add(timer);
    return () => this.#timers.delete(timer);
  }

  /** Moves like the clock of a stopped process: calls that fall due are made, late, by the next {@link advance}. */
  freeze(ms: number): void {
    this.time += ms;
  }

  /** Number of calls that are due later. */
  get timers(): number {
    return this.#timers.size;
  }

  /** Time of the next call; undefined if there is none. */
  get next(): number | undefined {
    return this.#timers.size === 0 ? undefined : Math.min(...[...this.#timers].map(({ at }) => at));
  }

  /** Moves the clock, making calls in order of their time; promises that they start can continue in between. */
  async advance(ms: number): Promise<void> {
    const end = this.time + ms;
    for (;;) {
      await tick();
      const next = [...this.#timers].sort((a, b) => a.at - b.at)[0];
      if (next === undefined || next.at > end) break;
      this.#timers.delete(next);
      this.time = Math.max(this.time, next.at);
      next.callback();
    }
    this.time = end;
    await tick();
  }
}

/** Lets all promises continue that can. */
export function tick(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
