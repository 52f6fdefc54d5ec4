import type { Position } from '@chorus/protocol';
import type { RoomChecker } from './room-checker.js';
import type { WorkerReport } from './room-report.js';

export class RoomCheck implements RoomChecker {
  readonly #expected: number[] = [];
  readonly #all = new Set<number>();
  readonly #arrivals: Array<Array<{ number: number; position: Position | undefined }>>;
  readonly #seen: Array<Set<number>>;
  readonly #excluded = new Set<number>();
  #strays = 0;

  constructor(
    readonly room: number,
    readonly members: number,
    private readonly senderOf: (number: number) => number,
  ) {
    this.#arrivals = Array.from({ length: members }, () => []);
    this.#seen = Array.from({ length: members }, () => new Set());
  }

  get length(): number {
    return this.#all.size;
  }

  cursor(member: number): number {
    return this.#seen[member]?.size ?? 0;
  }

  arrived(member: number, number: number, position: Position | undefined): boolean {
    if (this.#excluded.has(member)) return true;
    const isNew = !this.#seen[member]?.has(number);
    this.#all.add(number);
    this.#seen[member]?.add(number);
    this.#arrivals[member]?.push({ number, position: position && { ...position } });
    return isNew;
  }

  expect(number: number): void {
    this.#expected.push(number);
  }

  exclude(member: number): void {
    this.#excluded.add(member);
  }

  strayed(): void {
    this.#strays++;
  }

  report(): WorkerReport {
    const receivers = this.#arrivals.filter((_, member) => !this.#excluded.has(member));
    const known = [...new Set([...this.#expected, ...this.#all])];
    return {
      room: this.room,
      strays: this.#strays,
      expected: Uint32Array.from(this.#expected),
      numbers: Uint32Array.from(known),
      senders: Uint32Array.from(known, (number) => this.senderOf(number)),
      arrivals: receivers.map((arrivals) => ({
        numbers: Uint32Array.from(arrivals, ({ number }) => number),
        epochs: Float64Array.from(arrivals, ({ position }) => position?.epoch ?? -1),
        seqs: Float64Array.from(arrivals, ({ position }) => position?.seq ?? -1),
      })),
    };
  }
}
