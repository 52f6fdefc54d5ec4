import type { ClientFrame } from '@chorus/protocol/types';
import type { Backoff, HistorySource } from '../options.js';
import type { Member } from '../types.js';

/** What a room needs of the client that it belongs to. */
export interface RoomHost {
  readonly api: HistorySource;
  readonly backoff: Backoff;
  readonly catchUpWithinMs: number;
  user: Member | undefined;
  /** The largest frame that the gateway takes, in bytes. */
  maxFrameBytes: number;
  random(): number;
  /** A name that no other message has. */
  nextMessageId(): string;
  /**
   * Sends a frame as soon as the gateway takes another one; never if the connection ends before.
   * @param frame makes it in that moment; undefined when it is not wanted any more
   * @param canWait behind all others
   */
  send(frame: () => ClientFrame | undefined, canWait?: boolean): void;
}
