import type { Timing } from './driver.js';

/** Largest number of connects in progress in one worker: more would wait in the listener's queue. */
const UNDER_WAY = 256;
const STEP_MS = 5;

/** Starts connections at a rate, as long as not too many are in progress. */
export class Ramp {
  started = 0;
  #settled = 0;
  #beganAt = 0;
  #cancel: () => void = () => undefined;

  /** @param done called when all connections have succeeded or failed */
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

  /** A connect has succeeded or failed. */
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
