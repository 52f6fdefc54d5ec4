import type { Position } from '../../broker.js';

/** The entries that a client receives: plain sockets get messages only. */
export type EntryFilter = 'all' | 'messages';

/** The entries that one client missed, handed out at the pace at which it reads. */
export interface Replay {
  /**
   * Position of the last missed message so far, or the client's own position if it missed none. Unlike the room's
   * position it is always one that a client can reach: an epoch can begin without a message. Changes may follow: a client that
   * ignores them would never reach the position of one.
   */
  readonly upTo: Position;
  /**
   * Returns the next frames in order: about `maxBytes`, and at least one unless none is left. If none is left, the next
   * call of {@link MessageListener.onMessage} delivers exactly the next message. (Within `onMessage`, the message that
   * it was called with counts as delivered.)
   *
   * @returns undefined if the next message is gone: the client was very slow, messages were lost from the history, or
   *   the room was deleted or is no longer in use
   */
  next(maxBytes: number): readonly Uint8Array[] | undefined;
  /** Ends the replay, as every replay must be. May be called at any time. */
  end(): void;
}

/** Figures for readiness and metrics; counters start with the process. */
export interface RoomFeedStats {
  /** Number of subscribed rooms, lingering ones included. */
  readonly rooms: number;
  /** Number of rooms with a suspected gap that is being repaired. */
  readonly behind: number;
  /** Gaps in the arrivals that were filled from the history. */
  readonly gapsRepaired: number;
  /** Gaps of which some messages were no longer in the history. */
  readonly gapsLost: number;
  /** Messages read from the history to fill gaps. */
  readonly gapMessages: number;
  /** Messages that were no longer in the history when a gap was filled, by the difference of positions. */
  readonly messagesLost: number;
  /** Clients that resumed with a replay. */
  readonly replays: number;
  /** Clients that could not resume. */
  readonly replaysRefused: number;
  /** Messages replayed to clients. */
  readonly replayedMessages: number;
  /** Reads of the history for replays. */
  readonly replayReads: number;
  /** Current size of all replay windows, in bytes. */
  readonly replayBytes: number;
}

/** The counters of {@link RoomFeedStats}. */
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
