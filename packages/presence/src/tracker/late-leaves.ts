import type { Clock } from '../clock.js';
import type { LocalMember } from './local-member.js';

/**
 * Leaves that could not be sent when they were due. They wait, because users who changed nodes meanwhile have to be
 * written by the other node first, and that one may notice later that the store is back: a leave that overtakes the join
 * would announce users as gone who are there.
 */
export class LateLeaves {
  readonly #waiting = new Set<LocalMember>();
  /** No leave is sent before this. */
  #from = Number.NEGATIVE_INFINITY;
  #cancel: (() => void) | undefined;

  /** @param delayMs how long they wait, in milliseconds @param onDue called with those that may be sent */
  constructor(
    private readonly clock: Clock,
    private readonly delayMs: number,
    private readonly onDue: (due: readonly LocalMember[]) => void,
  ) {}

  get size(): number {
    return this.#waiting.size;
  }

  /** This leave was sent in vain, or could not be sent when it was due. */
  delay(local: LocalMember): void {
    local.leaveFrom = this.clock.now() + this.delayMs;
  }

  /** The store is back: every leave waits for the joins of other nodes. */
  delayAll(): void {
    this.#from = this.clock.now() + this.delayMs;
  }

  /** @returns whether the leave has to wait; then it is handed out when it is due */
  hold(local: LocalMember): boolean {
    if (this.#dueAt(local) <= this.clock.now()) return false;
    this.#waiting.add(local);
    this.#arm();
    return true;
  }

  /** It is not waited for any more. */
  delete(local: LocalMember): void {
    this.#waiting.delete(local);
  }

  close(): void {
    this.#cancel?.();
  }

  #dueAt(local: LocalMember): number {
    return Math.max(local.leaveFrom, this.#from);
  }

  /** One timer for all: each time for the one that has waited for longest. */
  #arm(): void {
    const [first] = this.#waiting;
    if (first === undefined || this.#cancel !== undefined) return;
    this.#cancel = this.clock.after(this.#dueAt(first) - this.clock.now(), () => {
      this.#cancel = undefined;
      const now = this.clock.now();
      const due = [...this.#waiting].filter((local) => this.#dueAt(local) <= now);
      for (const local of due) this.#waiting.delete(local);
      this.#arm();
      this.onDue(due);
    });
  }
}
