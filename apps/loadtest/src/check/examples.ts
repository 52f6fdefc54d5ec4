import type { Example, Violation } from './room-report.js';

const MAX_OF_A_KIND = 3;

/** Keeps the first few violations of each kind. */
export class Examples {
  readonly list: Example[] = [];
  readonly #counts = new Map<Violation, number>();

  /** Whether another one of the kind would be kept, so that callers can skip building its text. */
  wants(kind: Violation): boolean {
    return (this.#counts.get(kind) ?? 0) < MAX_OF_A_KIND;
  }

  add(example: Example): void {
    if (!this.wants(example.kind)) return;
    this.#counts.set(example.kind, (this.#counts.get(example.kind) ?? 0) + 1);
    this.list.push(example);
  }
}
