type Action = () => void;

/** Of what the gateway allows: some frames go by without being counted here, and the network bunches them. */
const SHARE = 0.9;

/**
 * Lets frames out no faster than the gateway takes them, in order; those that can wait behind all others.
 * Whatever waits is dropped with the connection that it was meant for.
 */
export class Pacer {
  readonly #queues: readonly [Action[], Action[]] = [[], []];
  #perMs = 0;
  #most = 0;
  #tokens = 0;
  #at = 0;
  #timer: ReturnType<typeof setTimeout> | undefined;

  /** A connection is there that takes so many frames a second. */
  start(perSecond: number): void {
    this.stop();
    this.#most = this.#tokens = Math.max(1, Math.floor(perSecond * SHARE));
    this.#perMs = this.#most / 1_000;
    this.#at = performance.now();
  }

  /** It is gone. */
  stop(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    for (const queue of this.#queues) queue.length = 0;
  }

  /** Runs the action, which sends one frame, as soon as that is allowed: at once, mostly. */
  run(action: Action, canWait = false): void {
    this.#queues[canWait ? 1 : 0].push(action);
    if (this.#timer === undefined) this.#next();
  }

  #next(): void {
    this.#timer = undefined;
    const now = performance.now();
    this.#tokens = Math.min(this.#most, this.#tokens + (now - this.#at) * this.#perMs);
    this.#at = now;
    while (this.#tokens >= 1) {
      const action = this.#queues[0].shift() ?? this.#queues[1].shift();
      if (action === undefined) return;
      this.#tokens--;
      action();
    }
    if (this.#queues[0].length + this.#queues[1].length > 0 && this.#timer === undefined) {
      this.#timer = setTimeout(() => this.#next(), (1 - this.#tokens) / this.#perMs);
    }
  }
}
