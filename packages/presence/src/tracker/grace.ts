import type { Clock } from '@chorus/service';
import type { LocalMember } from './local-member.js';

/** Why a user has no connections, which determines how long they may take to reconnect. */
export type GraceKind = 'left' | 'reconnecting';

/** Users without connections who may reconnect. One timer serves all of them. */
export class Graces {
  /** By kind, in the order in which they lost their last connection: all graces of a kind are equally long. */
  readonly #waiting: Readonly<Record<GraceKind, Set<LocalMember>>> = {
    left: new Set(),
    reconnecting: new Set(),
  };
  #cancel: (() => void) | undefined;
  #end = 0;

  /** @param lengths in milliseconds @param onOver called when a user's grace is over */
  constructor(
    private readonly clock: Clock,
    private readonly lengths: Readonly<Record<GraceKind, number>>,
    private readonly onOver: (local: LocalMember) => void,
  ) {}

  get size(): number {
    return this.#waiting.left.size + this.#waiting.reconnecting.size;
  }

  begin(local: LocalMember, kind: GraceKind): void {
    local.leaveAt = this.clock.now() + this.lengths[kind];
    this.#waiting[kind].add(local);
    this.#arm();
  }

  /** The user has reconnected, or leaves for another reason. */
  end(local: LocalMember): void {
    this.#waiting.left.delete(local);
    this.#waiting.reconnecting.delete(local);
  }

  /** Ends all graces without calling back. */
  clear(): void {
    this.#waiting.left.clear();
    this.#waiting.reconnecting.clear();
    this.#cancel?.();
    this.#cancel = undefined;
  }

  #arm(): void {
    const next = Math.min(...Object.values(this.#waiting).map(endOfFirst));
    if (this.#cancel !== undefined) {
      if (this.#end <= next && next !== Number.POSITIVE_INFINITY) return;
      this.#cancel();
      this.#cancel = undefined;
    }
    if (next === Number.POSITIVE_INFINITY) return;
    this.#end = next;
    this.#cancel = this.clock.after(next - this.clock.now(), () => {
      this.#cancel = undefined;
      const now = this.clock.now();
      for (const waiting of Object.values(this.#waiting)) {
        for (const local of waiting) {
          if (local.leaveAt > now) break;
          this.end(local);
          this.onOver(local);
        }
      }
      this.#arm();
    });
  }
}

function endOfFirst(waiting: ReadonlySet<LocalMember>): number {
  const [first] = waiting;
  return first?.leaveAt ?? Number.POSITIVE_INFINITY;
}
