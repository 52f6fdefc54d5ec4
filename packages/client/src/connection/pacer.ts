/** @returns whether a frame was sent */
type Action = () => boolean;

/** Share of the gateway's limit that is used: some frames are not counted here, and the network can bunch frames. */
const SHARE = 0.9;

/**
 * Sends frames in order and no faster than the gateway's limit; low-priority frames go last. Frames that still wait
 * when the connection ends are dropped.
 */
export class Pacer {
  readonly #queues: readonly [Action[], Action[]] = [[], []];
  /** Time between two frames at the limit, in milliseconds. */
  #interval = 0;
  /** When the next frame is due, at the limit: in the past if frames were saved. */
  #dueAt = 0;
  #timer: ReturnType<typeof setTimeout> | undefined;

  /** A connection with this limit was opened. @param perSecond frames per second */
  start(perSecond: number): void {
    this.stop();
    this.#interval = 1_000 / Math.max(1, perSecond * SHARE);
    this.#dueAt = 0;
  }

  /** The connection has ended. */
  stop(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    for (const queue of this.#queues) queue.length = 0;
  }

  /** Runs the action, which sends at most one frame, as soon as the limit allows: usually at once. */
  run(action: Action, canWait = false): void {
    this.#queues[canWait ? 1 : 0].push(action);
    if (!this.#timer) this.#next();
  }

  #next(): void {
    this.#timer = undefined;
    const now = performance.now();
    // At most the frames of one second are saved.
    this.#dueAt = Math.max(this.#dueAt, now - 1_000 + this.#interval);
    while (this.#dueAt <= now) {
      const action = this.#queues[0].shift() ?? this.#queues[1].shift();
      if (!action) return;
      if (action()) this.#dueAt += this.#interval;
    }
    this.#timer ??= setTimeout(() => this.#next(), this.#dueAt - now);
  }
}
