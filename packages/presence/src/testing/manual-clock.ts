import type { Clock } from '../clock.js';

/** A clock that moves only when a test moves it. */
export class ManualClock implements Clock {
  #now = 0;
  readonly #timers = new Set<{ at: number; callback: () => void }>();

  now(): number {
    return this.#now;
  }

  after(ms: number, callback: () => void): () => void {
    const timer = { at: this.#now + Math.max(ms, 0), callback };
    this.#timers.add(timer);
    return () => this.#timers.delete(timer);
  }

  /** Moves like the clock of a stopped process: calls that fall due are made, late, by the next {@link advance}. */
  freeze(ms: number): void {
    this.#now += ms;
  }

  get timers(): number {
    return this.#timers.size;
  }

  /** Moves the clock, making calls in order of their time; promises that they start can continue in between. */
  async advance(ms: number): Promise<void> {
    const end = this.#now + ms;
    for (;;) {
      await turn();
      const next = [...this.#timers].sort((a, b) => a.at - b.at)[0];
      if (next === undefined || next.at > end) break;
      this.#timers.delete(next);
      this.#now = Math.max(this.#now, next.at);
      next.callback();
    }
    this.#now = end;
    await turn();
  }
}

/** Lets all promises continue that can. */
export function turn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
