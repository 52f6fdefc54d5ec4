import type { Timing } from './driver.js';

/** So many connects may be under way in one worker: more would be waiting in the queue of the listener. */
const UNDER_WAY = 256;
const STEP_MS = 5;

/** Starts connections at a rate, as long as those under way are not too many. */
export class Ramp {
  started = 0;
  #settled = 0;
  #beganAt = 0;
  #cancel: () => void = () => undefined;

  /** @param done all that were to be started have come to an end */
  constructor(
    private readonly connections: ReadonlyArray<{ start(): void }>,
    private readonly perSecond: number,
    private readonly timing: Timing,
    private readonly done: () => void,
  ) {}

  start(): void {
    this.#beganAt = this.timing.now();
    this.#step();
  }

  /** One is in, or has been given up. */
  settled(): void {
    this.#settled++;
    if (this.#settled === this.connections.length) this.done();
  }

  stop(): void {
    this.#cancel();
  }

  #step(): void {
    const due = 1 + ((this.timing.now() - this.#beganAt) * this.perSecond) / 1_000;
    while (this.started < due && this.started - this.#settled < UNDER_WAY) {
      const connection = this.connections[this.started];
      if (connection === undefined) return;
      this.started++;
      connection.start();
    }
    this.#cancel = this.timing.after(STEP_MS, () => this.#step());
  }
}
