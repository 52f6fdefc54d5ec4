import type { ClientFrame } from '@chorus/protocol/types';
import type { Backoff, HistorySource } from '../options.js';
import type { Member } from '../types.js';

/** What a room needs from its client. */
export interface RoomHost {
  readonly api: HistorySource;
  readonly backoff: Backoff;
  readonly catchUpWithinMs: number;
  user: Member | undefined;
  /** Largest frame that the gateway accepts, in bytes. */
  maxFrameBytes: number;
  random(): number;
  /** Returns an id that no other message has. */
  nextMessageId(): string;
  /**
   * Sends a frame as soon as the gateway's limit allows; never if the connection ends before.
   * @param frame builds the frame at that moment; returns undefined if it is no longer wanted
   * @param canWait whether all other frames go first
   */
  send(frame: () => ClientFrame | undefined, canWait?: boolean): void;
}
