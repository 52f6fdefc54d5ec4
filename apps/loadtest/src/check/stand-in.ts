import type { Verdict } from '../result.js';
import type { Checking, RoomChecker, RoomReport } from './room-checker.js';

interface CountedRoom extends RoomReport {
  readonly expected: number;
  readonly delivered: number;
}

/** Counts, and compares nothing. */
class CountingChecker implements RoomChecker {
  length = 0;
  #delivered = 0;
  #expected = 0;
  readonly #seen = new Set<number>();
  readonly #cursors: number[];
  #receivers: number;

  constructor(
    readonly room: number,
    members: number,
  ) {
    this.#cursors = new Array<number>(members).fill(0);
    this.#receivers = members;
  }

  cursor(member: number): number {
    return this.#cursors[member] ?? 0;
  }

  arrived(member: number, number: number): void {
    this.#delivered++;
    this.#cursors[member] = (this.#cursors[member] ?? 0) + 1;
    if (this.#seen.has(number)) return;
    this.#seen.add(number);
    this.length++;
  }

  expect(): void {
    this.#expected++;
  }

  exclude(): void {
    this.#receivers--;
  }

  strayed(): void {}

  report(): CountedRoom {
    return {
      room: this.room,
      expected: this.#expected * this.#receivers,
      delivered: this.#delivered,
    };
  }
}

export const standIn: Checking = {
  roomChecker: (room, members) => new CountingChecker(room, members),
  judge(reports): Verdict {
    const rooms = [...reports] as CountedRoom[];
    const sum = (pick: (room: CountedRoom) => number): number =>
      rooms.reduce((total, room) => total + pick(room), 0);
    const [expected, delivered] = [sum((room) => room.expected), sum((room) => room.delivered)];
    return {
      expected,
      delivered,
      lost: Math.max(0, expected - delivered),
      duplicated: 0,
      outOfOrder: 0,
      orderDisagreements: 0,
      examples: [],
    };
  },
};
