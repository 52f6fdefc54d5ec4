/** How often it is noted that this process runs, in milliseconds. */
const NOTE_EVERY_MS = 1_000;

/** Gateways know a message by the client's name for it for five minutes: what waited longer could be stored twice. */
const LONGEST_MS = 240_000;

/**
 * Notices that this process stood still (stopped, or starved of processor time) for longer than sockets may be idle. Their
 * clients have gone by then, and have sent elsewhere what waits here to be read.
 *
 * What waited is read before any timer runs. So whoever reads has to ask each time, which costs one look at the clock.
 */
export class Standstill {
  readonly #limitMs: number;
  readonly #timer: NodeJS.Timeout;
  #runningAt = performance.now();
  #count = 0;

  /** @param idleMs how long a socket may be idle, in milliseconds @param onStandstill called once for each */
  constructor(
    idleMs: number,
    private readonly onStandstill: () => void,
  ) {
    this.#limitMs = Math.min(idleMs, LONGEST_MS);
    this.#timer = setInterval(() => {
      this.count();
      this.#runningAt = performance.now();
    }, NOTE_EVERY_MS);
    this.#timer.unref();
  }

  /** How often this process has stood still until now: what began before the last time is stale. */
  count(): number {
    const now = performance.now();
    if (now - this.#runningAt > this.#limitMs + NOTE_EVERY_MS) {
      this.#runningAt = now;
      this.#count++;
      this.onStandstill();
    }
    return this.#count;
  }

  close(): void {
    clearInterval(this.#timer);
  }
}
