type Action = () => void;

/** Share of the gateway's limit that is used: some frames are not counted here, and the network can bunch frames. */
const SHARE = 0.9;

/**
 * Sends frames in order and no faster than the gateway's limit; low-priority frames go last. Frames that still wait
 * when the connection ends are dropped.
 */
export class Pacer {
  readonly #queues: readonly [Action[], Action[]] = [[], []];
  #most = 0;
  #tokens = 0;
  #at = 0;
  #timer: ReturnType<typeof setTimeout> | undefined;

  /** A connection with this limit was opened. @param perSecond frames per second */
  start(perSecond: number): void {
    this.stop();
    this.#most = this.#tokens = Math.max(1, Math.floor(perSecond * SHARE));
    this.#at = performance.now();
  }

  /** The connection has ended. */
  stop(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    for (const queue of this.#queues) queue.length = 0;
  }

  /** Runs the action, which sends one frame, as soon as the limit allows: usually at once. */
  run(action: Action, canWait = false): void {
    this.#queues[canWait ? 1 : 0].push(action);
    if (this.#timer === undefined) this.#next();
  }

  #next(): void {
    this.#timer = undefined;
    const now = performance.now();
    this.#tokens = Math.min(this.#most, this.#tokens + ((now - this.#at) * this.#most) / 1_000);
    this.#at = now;
    while (this.#tokens >= 1) {
      const action = this.#queues[0].shift() ?? this.#queues[1].shift();
      if (action === undefined) return;
      this.#tokens--;
      action();
    }
    if (this.#queues[0].length + this.#queues[1].length > 0 && this.#timer === undefined) {
      this.#timer = setTimeout(() => this.#next(), ((1 - this.#tokens) / this.#most) * 1_000);
    }
  }
}
