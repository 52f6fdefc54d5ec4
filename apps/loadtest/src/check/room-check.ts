import type { Position } from '@chorus/protocol';
import { Examples } from './examples.js';
import { Gaps } from './gaps.js';
import { NumberList, withRoomFor } from './growing.js';
import { judgeRoom } from './judge-room.js';
import { NumberIndex } from './number-index.js';
import type { RoomChecker } from './room-checker.js';
import type { MemberView, RoomView, WorkerReport } from './room-report.js';

/** How a member's messages differ from the common list. Most members have none of this. */
interface Exceptions {
  readonly gaps: Gaps;
  readonly late: NumberList;
  readonly moved: number[];
}

/** Cursor of a member that is no receiver: no message is ever its next one. */
const NOBODY = 0xffff_ffff;
const NO_POSITION = -1;
const NONE = new Uint32Array(0);
const NOT_MOVED = new Float64Array(0);

/**
 * Checks the messages of one room, as far as one worker sees it.
 * There is one list of messages, in the order of their first arrival at any member, and each member has a cursor in
 * it. While all members see one order, a delivery costs one comparison with the list. Skipped and late messages are
 * noted, so that list and notes together show exactly what each member received, and in which order.
 */
export class RoomCheck implements RoomChecker {
  length = 0;
  #order = new Uint32Array(16);
  #epochs = new Float64Array(0);
  #seqs = new Float64Array(0);
  readonly #index = new NumberIndex();
  readonly #cursors: Uint32Array;
  readonly #exceptions: Array<Exceptions | undefined>;
  readonly #expected = new NumberList();
  readonly #examples = new Examples();
  #duplicated = 0;
  #strays = 0;

  /**
   * @param members number of members of the room in this worker, numbered from 0. They are receivers from the start:
   *   a message that one of them does not get is lost, also if it was disconnected meanwhile.
   * @param whole whether these are all members of the room; otherwise reports are larger
   * @param senderOf messages of one sender have ascending numbers
   */
  constructor(
    private readonly room: number,
    members: number,
    private readonly whole: boolean,
    private readonly senderOf: (number: number) => number,
  ) {
    this.#cursors = new Uint32Array(members);
    this.#exceptions = new Array<Exceptions | undefined>(members).fill(undefined);
  }

  cursor(member: number): number {
    return Math.min(this.#cursors[member] ?? 0, this.length);
  }

  /** @returns whether the member got this message for the first time */
  arrived(member: number, number: number, position: Position | undefined): boolean {
    const cursor = this.#cursors[member] ?? NOBODY;
    if (cursor >= this.length || this.#order[cursor] !== number) {
      return this.#outOfTurn(member, cursor, number, position);
    }
    this.#cursors[member] = cursor + 1;
    if (
      position !== undefined &&
      (this.#seqs[cursor] !== position.seq || this.#epochs[cursor] !== position.epoch)
    ) {
      this.#comparePosition(member, cursor, position);
    }
    return true;
  }

  expect(number: number): void {
    this.#expected.push(number);
  }

  exclude(member: number): void {
    this.#cursors[member] = NOBODY;
  }

  strayed(number: number): void {
    this.#strays++;
    this.#examples.add({
      kind: 'strays',
      text: `message ${number} of room ${this.room} reached a user who is not in that room`,
    });
  }

  /** Appends a message that no member has received yet. */
  append(number: number, position: Position | undefined): void {
    this.#order = withRoomFor(this.#order, this.length);
    this.#order[this.length] = number;
    this.#index.set(number, this.length);
    if (position) this.#setPosition(this.length, position);
    this.length++;
  }

  report(): WorkerReport {
    const view = this.view();
    return this.whole ? { room: this.room, verdict: judgeRoom(view) } : { room: this.room, view };
  }

  /** @param weights number of members that each member stands for; default 1 */
  view(weights?: ArrayLike<number>): RoomView {
    const order = this.#order.slice(0, this.length);
    const numbered = this.#seqs.length > 0;
    return {
      room: this.room,
      strays: this.#strays,
      duplicated: this.#duplicated,
      expected: this.#expected.toArray(),
      order,
      senders: order.map((number) => this.senderOf(number)),
      epochs: numbered ? positionsOf(this.#epochs, this.length) : NOT_MOVED,
      seqs: numbered ? positionsOf(this.#seqs, this.length) : NOT_MOVED,
      views: this.#views(weights),
      examples: this.#examples.list,
    };
  }

  #outOfTurn(member: number, cursor: number, number: number, position: Position | undefined): boolean {
    if (cursor === NOBODY) return true;
    let at = this.#index.get(number);
    if (at === -1) {
      at = this.length;
      this.append(number, position);
    }
    if (at >= cursor) {
      if (at > cursor) this.#exceptionsOf(member).gaps.skip(cursor, at);
      this.#cursors[member] = at + 1;
    } else if (this.#exceptions[member]?.gaps.fill(at)) {
      const { late } = this.#exceptionsOf(member);
      late.push(at);
      late.push(cursor);
    } else {
      this.#duplicated++;
      if (this.#examples.wants('duplicated')) {
        const text = `member ${member} of room ${this.room} got message ${number} again`;
        this.#examples.add({ kind: 'duplicated', text });
      }
      return false;
    }
    if (position) this.#comparePosition(member, at, position);
    return true;
  }

  #comparePosition(member: number, at: number, position: Position): void {
    if (at >= this.#seqs.length || this.#seqs[at] === NO_POSITION) this.#setPosition(at, position);
    else if (this.#seqs[at] !== position.seq || this.#epochs[at] !== position.epoch) {
      this.#exceptionsOf(member).moved.push(at, position.epoch, position.seq);
    }
  }

  #setPosition(at: number, { epoch, seq }: Position): void {
    const before = this.#seqs.length;
    this.#epochs = withRoomFor(this.#epochs, at);
    this.#seqs = withRoomFor(this.#seqs, at);
    this.#epochs.fill(NO_POSITION, before);
    this.#seqs.fill(NO_POSITION, before);
    this.#epochs[at] = epoch;
    this.#seqs[at] = seq;
  }

  #exceptionsOf(member: number): Exceptions {
    const known = this.#exceptions[member];
    if (known) return known;
    const exceptions = { gaps: new Gaps(), late: new NumberList(), moved: [] };
    this.#exceptions[member] = exceptions;
    return exceptions;
  }

  #views(weights: ArrayLike<number> | undefined): MemberView[] {
    const views: MemberView[] = [];
    /** Members without exceptions, by cursor. */
    const regular = new Map<number, { member: number; members: number }>();
    for (let member = 0; member < this.#cursors.length; member++) {
      const cursor = this.#cursors[member] ?? NOBODY;
      if (cursor === NOBODY) continue;
      const members = weights?.[member] ?? 1;
      const exceptions = this.#exceptions[member];
      const alike = exceptions ? undefined : regular.get(cursor);
      if (alike) alike.members += members;
      else if (exceptions) {
        const [gaps, late] = [exceptions.gaps.toArray(), exceptions.late.toArray()];
        views.push({ members, member, cursor, gaps, late, moved: Float64Array.from(exceptions.moved) });
      } else regular.set(cursor, { member, members });
    }
    for (const [cursor, alike] of regular)
      views.push({ ...alike, cursor, gaps: NONE, late: NONE, moved: NOT_MOVED });
    return views;
  }
}

function positionsOf(known: Float64Array, length: number): Float64Array {
  const all = new Float64Array(length).fill(NO_POSITION);
  all.set(known.subarray(0, length));
  return all;
}
