import type { Schedule } from './schedule.js';

/** Clock and timers, replaced in tests. */
export interface Timing {
  now(): number;
  /** Calls back once; returns a function that cancels it. */
  after(ms: number, action: () => void): () => void;
}

/** Sends every message when it is due, or at once when that is past: the server cannot slow the schedule down. */
export class Driver {
  #t0 = Number.POSITIVE_INFINITY;
  #due = Number.POSITIVE_INFINITY;
  #cancel: () => void = () => undefined;
  #stopped = false;

  /**
   * @param rate messages per second over all workers
   * @param send receives the time at which the message was due
   */
  constructor(
    private readonly schedule: Pick<Schedule, 'next' | 'advance'>,
    private readonly rate: number,
    private readonly timing: Timing,
    private readonly send: (message: number, due: number) => void,
  ) {}

  start(t0: number): void {
    this.#t0 = t0;
    this.#look();
    this.#wait();
  }

  stop(): void {
    this.#stopped = true;
    this.#due = Number.POSITIVE_INFINITY;
    this.#cancel();
  }

  /**
   * Sends what is due. Called whenever the time is known anyway: timers have a resolution of milliseconds, and a
   * worker that receives much knows the time more precisely.
   */
  poke(now: number): void {
    while (now >= this.#due) {
      const message = this.schedule.next;
      if (message === undefined) return;
      const due = this.#due;
      this.schedule.advance();
      // Before sending, which may call this again.
      this.#look();
      this.send(message, due);
    }
  }

  #look(): void {
    const message = this.#stopped ? undefined : this.schedule.next;
    this.#due = message === undefined ? Number.POSITIVE_INFINITY : this.#t0 + (message * 1_000) / this.rate;
  }

  #wait(): void {
    if (this.#due === Number.POSITIVE_INFINITY) return;
    this.#cancel = this.timing.after(Math.max(0, this.#due - this.timing.now()), () => {
      this.poke(this.timing.now());
      this.#wait();
    });
  }
}
