/** Interval of the timer that shows that this process runs, in milliseconds. */
const NOTE_EVERY_MS = 1_000;

/**
 * Below the five minutes for which Redis recognises a repeated message: one that waited longer could be stored twice.
 */
const LONGEST_MS = 240_000;

/**
 * Detects that this process stood still (stopped, or starved of processor time) for longer than sockets may be idle.
 * Their clients have gone by then, and have sent the waiting messages elsewhere.
 *
 * Waiting frames are read before any timer fires, so every reader must call {@link count} first, which costs one
 * reading of the clock.
 */
export class Standstill {
  readonly #limitMs: number;
  readonly #timer: NodeJS.Timeout;
  #runningAt = performance.now();
  #count = 0;

  /** @param idleMs how long a socket may be idle, in milliseconds @param onStandstill called once per standstill */
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

  /** Number of standstills so far: frames that were sent before the last one are stale. */
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
