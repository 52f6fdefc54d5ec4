import type { Timing } from './driver.js';

const SECOND_MS = 1_000;

/** Calls back at the end of each second of the run. */
export class Ticker {
  #second = 0;
  #cancel: () => void = () => undefined;
  #stopped = false;

  constructor(
    private readonly began: number,
    private readonly timing: Timing,
    private readonly tick: (second: number) => void,
  ) {
    this.#wait();
  }

  /**
   * Called whenever the time is known: while data keeps arriving, the event loop may read for seconds before it
   * checks its timers.
   */
  poke(now: number): void {
    if (this.#stopped || now < this.#due) return;
    this.#cancel();
    this.tick(this.#second++);
    this.#wait();
  }

  stop(): void {
    this.#stopped = true;
    this.#cancel();
  }

  get #due(): number {
    return this.began + (this.#second + 1) * SECOND_MS;
  }

  #wait(): void {
    if (this.#stopped) return;
    const wait = Math.max(0, this.#due - this.timing.now());
    // Timers have a resolution of milliseconds, and may fire a fraction early.
    this.#cancel = this.timing.after(wait, () => {
      const now = this.timing.now();
      if (now < this.#due) this.#wait();
      else this.poke(now);
    });
  }
}
