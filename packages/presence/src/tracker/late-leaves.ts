import type { Clock } from '@chorus/service';
import type { LocalMember } from './local-member.js';

/**
 * Leaves that could not be sent when they were due. They are delayed: users who changed nodes meanwhile must first be
 * written by their new node, which may notice later that the store is back. A leave that overtakes that join would
 * announce the departure of users who are present.
 */
export class LateLeaves {
  readonly #waiting = new Set<LocalMember>();
  /** No leave is sent before this time. */
  #from = Number.NEGATIVE_INFINITY;
  #cancel: (() => void) | undefined;

  /** @param delayMs delay in milliseconds @param onDue called with the leaves that may be sent */
  constructor(
    private readonly clock: Clock,
    private readonly delayMs: number,
    private readonly onDue: (due: readonly LocalMember[]) => void,
  ) {}

  get size(): number {
    return this.#waiting.size;
  }

  /** Sending this leave failed, or was impossible when it was due. */
  delay(local: LocalMember): void {
    local.leaveFrom = this.clock.now() + this.delayMs;
  }

  /** Other nodes have to write joins first: every leave waits, except from deleted rooms. @param ms in milliseconds */
  delayAll(ms = this.delayMs): void {
    this.#from = Math.max(this.#from, this.clock.now() + ms);
  }

  /** @returns whether the leave must wait; `onDue` then gets it */
  hold(local: LocalMember): boolean {
    if (this.#dueAt(local) <= this.clock.now()) return false;
    this.#waiting.add(local);
    this.#arm();
    return true;
  }

  /** Removes a leave that is no longer wanted. */
  delete(local: LocalMember): void {
    this.#waiting.delete(local);
  }

  close(): void {
    this.#cancel?.();
  }

  #dueAt(local: LocalMember): number {
    return local.roomDeleted ? local.leaveFrom : Math.max(local.leaveFrom, this.#from);
  }

  /** One timer for all leaves: it waits for the oldest. */
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
