import type { MemberView } from './room-report.js';

/** Reads from a view what its members received, in their order, one stretch of the common list after another. */
export class MemberOrder {
  #gap = 0;
  #late = 0;

  constructor(private readonly view: MemberView) {}

  /**
   * Returns the indexes of the messages received from `from` to before `to`. Stretches must be read in ascending
   * order, and no late message may lead out of one: see `disputedStretches`.
   */
  read(from: number, to: number): number[] {
    const { gaps, late, cursor } = this.view;
    while (this.#late < late.length && (late[this.#late + 1] ?? 0) <= from) this.#late += 2;
    let next = this.#late;
    const lateHere = new Set<number>();
    for (let at = next; at < late.length && (late[at + 1] ?? 0) <= to; at += 2) lateHere.add(late[at] ?? 0);

    const received: number[] = [];
    for (let index = from; ; index++) {
      for (; next < late.length && late[next + 1] === index; next += 2) received.push(late[next] ?? 0);
      if (index >= to || index >= cursor) break;
      while (this.#gap < gaps.length && (gaps[this.#gap + 1] ?? 0) <= index) this.#gap += 2;
      const isMissing = this.#gap < gaps.length && (gaps[this.#gap] ?? 0) <= index;
      if (!isMissing && !lateHere.has(index)) received.push(index);
    }
    this.#late = next;
    return received;
  }

  /** Returns the number of messages that a member received. */
  static count({ cursor, gaps }: MemberView): number {
    let count = cursor;
    for (let at = 0; at < gaps.length; at += 2) count -= (gaps[at + 1] ?? 0) - (gaps[at] ?? 0);
    return count;
  }

  static has({ cursor, gaps }: MemberView, index: number): boolean {
    if (index >= cursor) return false;
    for (let at = 0; at < gaps.length; at += 2) {
      if ((gaps[at] ?? 0) <= index && index < (gaps[at + 1] ?? 0)) return false;
    }
    return true;
  }
}

/**
 * Returns the stretches of the list outside of which all members agree with it about the order: no member saw a
 * message of a stretch on another side of a message outside of it than the list.
 */
export function disputedStretches(
  views: readonly MemberView[],
  length: number,
): Array<readonly [from: number, to: number]> {
  /** For each index, the largest index at which it arrived late. */
  const reaches = new Uint32Array(length);
  for (const { late } of views) {
    for (let at = 0; at < late.length; at += 2) {
      const index = late[at] ?? 0;
      reaches[index] = Math.max(reaches[index] ?? 0, late[at + 1] ?? 0);
    }
  }
  const stretches: Array<[number, number]> = [];
  for (const [from, to] of reaches.entries()) {
    if (to === 0) continue;
    const last = stretches.at(-1);
    if (last && from < last[1]) last[1] = Math.max(last[1], to);
    else stretches.push([from, to]);
  }
  return stretches;
}
