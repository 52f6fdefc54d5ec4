import type { Clock } from '../clock.js';

/** Time that moves only when a test says so. */
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

  /** Moves on as for a process that stands still: what falls due is called back by the next {@link advance}, late. */
  freeze(ms: number): void {
    this.#now += ms;
  }

  get timers(): number {
    return this.#timers.size;
  }

  /** Moves on, calling back what falls due in its order; what that sets off gets to run in between. */
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

/** Lets every promise that can go on do so. */
export function turn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
