import { setTimeout as sleep } from 'node:timers/promises';

/** Pause after a step, as a multiple of its duration. */
const PAUSE = 3;

/** Runs the steps of a long removal with pauses, so that most of the time PostgreSQL does other work. */
export class Pace {
  readonly #stop = new AbortController();

  constructor(private readonly pause = PAUSE) {}

  /** Whether no further step should begin. */
  get stopped(): boolean {
    return this.#stop.signal.aborted;
  }

  /** Ends a pause in progress, too. */
  stop(): void {
    this.#stop.abort();
  }

  /** Runs a step, and resolves after the pause that follows it. */
  async step<T>(work: () => Promise<T>): Promise<T> {
    const began = performance.now();
    const result = await work();
    const { signal } = this.#stop;
    await sleep((performance.now() - began) * this.pause, undefined, { signal }).catch(() => undefined);
    return result;
  }
}
