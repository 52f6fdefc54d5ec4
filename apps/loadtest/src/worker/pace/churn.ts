import type { Scenario } from '../../scenario.js';
import type { Timing } from './driver.js';

/**
 * Numbers the cuts of a run, from the end of the warm-up on: the n-th is due n/churn seconds later. All workers count
 * all cuts, and each makes those of its connections.
 */
export class Churn {
  #next = 0;
  #cancel: () => void = () => undefined;

  constructor(
    private readonly scenario: Pick<Scenario, 'churn' | 'warmUpMs' | 'durationMs'>,
    private readonly timing: Timing,
    private readonly cut: (number: number) => void,
  ) {}

  start(t0: number): void {
    const { churn, warmUpMs, durationMs } = this.scenario;
    if (churn === 0) return;
    const from = t0 + warmUpMs;
    const step = (): void => {
      const now = this.timing.now();
      for (let due = this.#due(from); due <= now && due < from + durationMs; due = this.#due(from)) {
        this.cut(this.#next++);
      }
      const wait = this.#due(from) - now;
      if (this.#due(from) < from + durationMs) this.#cancel = this.timing.after(Math.max(1, wait), step);
    };
    this.#cancel = this.timing.after(Math.max(0, from - this.timing.now()), step);
  }

  stop(): void {
    this.#cancel();
  }

  #due(from: number): number {
    return from + (this.#next * 1_000) / this.scenario.churn;
  }
}
