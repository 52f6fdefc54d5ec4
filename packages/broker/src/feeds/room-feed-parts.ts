import type { Logger } from '@chorus/service';
import type { Broker, Position } from '../broker.js';
import type { HistoryLoss } from './losses.js';
import type { FeedCounters } from './replay/replay.js';

/** Receives the messages of rooms in use. */
export interface MessageListener {
  /** The next message of a room: exactly once, in order. */
  onMessage(roomId: number, position: Position, frame: Uint8Array): void;
  /** A frame without a position. In a room that is not public it follows the messages that were missing when it arrived. */
  onNotice(roomId: number, frame: Uint8Array): void;
  /**
   * Entries of a room that is not public may be lost for this node before its next delivery, among them removals of members. Deliveries
   * of the room wait until it resolves: every user to whom the listener passes them on is a member then.
   * @throws {UnavailableError} the members are not known yet; called again after a pause
   */
  checkMembers(roomId: number): Promise<void>;
  /** Messages were lost, or are no longer in the recent history, before they could be delivered on this node. */
  onLost(roomId: number, loss: HistoryLoss): void;
}

export interface RoomFeedParts {
  broker: Broker;
  /** Called if the room does not exist any more and its `room-deleted` was missed. */
  onVanished(roomId: number): void;
  /** Runs a query to the broker, with limited concurrency. */
  question<T>(work: () => Promise<T>): Promise<T>;
  counters: FeedCounters;
  /** Messages read at once. */
  pageSize: number;
  /** First pause before a failed attempt is retried, in milliseconds. */
  retryMs: number;
  /** Days for which messages of any room are served; undefined for ever. */
  retentionDays: number | undefined;
  log: Logger;
}
