import type { Logger } from '@chorus/service';
import type { Broker, Position } from '../broker.js';
import type { HistoryLoss } from './losses.js';
import type { FeedCounters } from './replay.js';

/** Receives the messages of rooms in use. */
export interface MessageListener {
  /** The next message of a room: exactly once, in order. */
  onMessage(roomId: number, position: Position, frame: Uint8Array): void;
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
