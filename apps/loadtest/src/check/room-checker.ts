import type { Position } from '@chorus/protocol';
import type { Verdict } from '../result.js';

/**
 * Compares what the members of one room receive, as it arrives. There is one for each room and worker; `arrived` is
 * called for every delivery and must not allocate when all is well.
 */
export interface RoomChecker {
  /** Messages that arrived at anybody; they have an order, that of their first arrivals. */
  readonly length: number;
  /** How many of these a member is past, whether it got them or not. */
  cursor(member: number): number;
  /**
   * @param position good for the duration of the call; undefined where the server gives none
   * @returns whether the member got the message for the first time
   */
  arrived(member: number, number: number, position: Position | undefined): boolean;
  /**
   * A message that must reach everybody: it was acked, or sent where nothing is acked. Called once for each, at any time.
   * Others need not arrive, or may come later than what their senders sent after them; but what anybody got everybody must.
   */
  expect(number: number): void;
  /** A member that is no receiver, as it never connected or does not read. Called before anything arrives at it. */
  exclude(member: number): void;
  /** A message arrived at a user who is not in its room. */
  strayed(number: number): void;
  /** All that `judge` needs; survives structured cloning. */
  report(): RoomReport;
}

/**
 * What one worker saw of a room. `room` is its index in the scenario: reports of one room by several workers are judged
 * together, as if one had seen everything. Who fills it also reads it, so it is opaque to the rest of the engine.
 */
export interface RoomReport {
  readonly room: number;
}

export interface Checking {
  /**
   * @param members how many members of the room this worker plays, numbered from 0
   * @param whole whether these are all of them: such a report need not be compared with others
   * @param senderOf who sends the message, as a number; messages of one sender have ascending numbers
   */
  roomChecker(
    room: number,
    members: number,
    whole: boolean,
    senderOf: (number: number) => number,
  ): RoomChecker;
  judge(reports: Iterable<RoomReport>): Verdict;
}
