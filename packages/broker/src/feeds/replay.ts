import type { Position } from '../broker.js';

/** What one returning client has missed, handed out as fast as it can take it. */
export interface Replay {
  /**
   * Position of the last message that was missed up to this moment, or the client's own position if none was. Unlike the
   * room's position it is always one that a client can reach: an epoch can begin without a message.
   */
  readonly upTo: Position;
  /**
   * The next frames, in order: about `maxBytes`, and at least one unless none is left. Once none is left, whatever
   * {@link MessageListener.onMessage} delivers from this very moment on is exactly what follows. (Asked from within
   * `onMessage`, the message it was called with counts as delivered.)
   * @returns undefined when what is needed next is gone: the client was very slow, messages were lost from the
   *   history, or the room was deleted or is not in use any more
   */
  next(maxBytes: number): readonly Uint8Array[] | undefined;
  /** Nothing is needed any more; every replay has to be ended. May be called at any time. */
  end(): void;
}

/** Numbers for readiness and metrics; those that only grow count from the start of the process. */
export interface RoomFeedStats {
  /** Rooms subscribed at the moment, those lingering included. */
  readonly rooms: number;
  /** Rooms of which messages may be missing here at the moment, and are looked for. */
  readonly behind: number;
  /** Gaps in what arrived that were filled from the history. */
  readonly gapsRepaired: number;
  /** Gaps of which some messages were no longer in the history. */
  readonly gapsLost: number;
  /** Messages that were read from the history to fill gaps. */
  readonly gapMessages: number;
  /** Messages that were no longer in the history when a gap had to be filled, as far as the numbers tell. */
  readonly messagesLost: number;
  /** Returning clients who get what they missed. */
  readonly replays: number;
  /** Returning clients who cannot get it. */
  readonly replaysRefused: number;
  /** Messages handed to returning clients. */
  readonly replayedMessages: number;
  /** Reads of the history for returning clients. */
  readonly replayReads: number;
  /** Kept for returning clients at the moment, in bytes. */
  readonly replayBytes: number;
}

/** The growing ones of {@link RoomFeedStats}. */
export class FeedCounters {
  gapsRepaired = 0;
  gapsLost = 0;
  gapMessages = 0;
  messagesLost = 0;
  replays = 0;
  replaysRefused = 0;
  replayedMessages = 0;
  replayReads = 0;
}
