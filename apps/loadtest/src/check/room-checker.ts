import type { Position } from '@chorus/protocol';
import type { Verdict } from '../result.js';

/**
 * Compares what the members of one room receive, as it arrives. Each worker has one per room. `arrived` is called for
 * every delivery and must not allocate memory when all is well.
 */
export interface RoomChecker {
  /** Number of messages that arrived at any member, in the order of their first arrivals. */
  readonly length: number;
  /** Number of these that a member has received or skipped. */
  cursor(member: number): number;
  /**
   * @param position valid only during the call; undefined if the server gives none
   * @returns whether the member got the message for the first time
   */
  arrived(member: number, number: number, position: Position | undefined): boolean;
  /**
   * Notes a message that must reach every member: it was acked, or sent to a server without acks. Called once for
   * each, at any time. Other messages need not arrive, or may come later than the next ones of their senders; but
   * what one member got every member must get.
   */
  expect(number: number): void;
  /**
   * Excludes a member from the receivers, as it never connected or does not read. Called before anything arrives at
   * it.
   */
  exclude(member: number): void;
  /** Notes a message that arrived at a user who is not in its room. */
  strayed(number: number): void;
  /** Returns what `judge` needs; survives structured cloning. */
  report(): RoomReport;
}

/**
 * What one worker saw of a room. `room` is its index in the scenario: reports of several workers about one room are
 * judged together, as if one worker had seen everything. Opaque to the rest of the engine.
 */
export interface RoomReport {
  readonly room: number;
}

export interface Checking {
  /**
   * @param members number of members of the room in this worker, numbered from 0
   * @param whole whether these are all members: such a report need not be compared with others
   * @param senderOf returns the sender of a message, as a number; messages of one sender have ascending numbers
   */
  roomChecker(
    room: number,
    members: number,
    whole: boolean,
    senderOf: (number: number) => number,
  ): RoomChecker;
  judge(reports: Iterable<RoomReport>): Verdict;
}
