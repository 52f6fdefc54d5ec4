import type { Position } from '@chorus/protocol/constants';
import type { ChorusError, ChorusErrorCode } from './chorus-error.js';
import type { Member } from './entries.js';

export type * from './entries.js';

/** State of the connection. */
export type ConnectionState =
  /** Before {@link ChorusClient.connect}, or after {@link ChorusClient.disconnect}. */
  | { readonly status: 'idle' }
  /** Connecting. `attempt` is the number of failures in a row. */
  | { readonly status: 'connecting'; readonly attempt: number }
  | {
      readonly status: 'connected';
      /** Id of the connection in the logs of the gateway. */
      readonly connectionId: string;
      /** The user that the token belongs to. */
      readonly user: Member;
      /**
       * Largest frame that the gateway accepts, in bytes of UTF-8. A message needs about 100 bytes besides its text.
       */
      readonly maxFrameBytes: number;
    }
  | {
      readonly status: 'waiting';
      readonly attempt: number;
      /** Time of the next attempt, in milliseconds since 1970 by the local clock. */
      readonly retryAt: number;
      /** Why the last connection ended or failed. Text for people. */
      readonly reason: string;
    }
  /** Ended for good: by the application if there is no error, else for the error's reason. */
  | { readonly status: 'closed'; readonly error?: ChorusError };

/**
 * - `joining`: not in the room, or disconnected. Lasts until the gateway answers a join.
 * - `catching-up`: in the room; missed messages are being read. Live messages wait behind them.
 * - `joined`: all messages up to now were delivered.
 * - `left`: for good; {@link Room.leftReason} has the reason. {@link ChorusClient.join} makes a new {@link Room}.
 */
export type RoomStatus = 'joining' | 'catching-up' | 'joined' | 'left';

/**
 * Why a room was left: by the application (`left`, or `closed` with the client); the room was `deleted`; an operator
 * `banned` or `disconnected` the user; or the code with which the gateway refused the join.
 */
export type LeftReason =
  | 'left'
  | 'closed'
  | 'deleted'
  | 'banned'
  | 'disconnected'
  | 'removed'
  | ChorusErrorCode;

/**
 * State of one of the user's own messages: `queued` (waits to be sent) → `sending` (sent, not answered) → `sent`
 * (acknowledged: it will not be lost and reaches all members) → `stored` (in the database). Or `failed`: see
 * {@link Delivery.error}.
 */
export type DeliveryState = 'queued' | 'sending' | 'sent' | 'stored' | 'failed';

/** One of the user's own messages on its way. Each change makes a new object. */
export interface Delivery {
  readonly clientMsgId: string;
  readonly content: string;
  readonly state: DeliveryState;
  /** Set once it is `sent`. */
  readonly position?: Position | undefined;
  /** Set once it has `failed`. */
  readonly error?: ChorusError | undefined;
}

/** One of the user's own messages, acknowledged. */
export interface SentMessage {
  readonly roomId: number;
  readonly clientMsgId: string;
  readonly content: string;
  readonly position: Position;
}

/** A room in the list of rooms. */
export interface ListedRoom {
  readonly id: number;
  readonly name: string;
  /** Id of the user who may change the room; null if no user owns it. */
  readonly createdBy: number | null;
}

/** Changes of the list of rooms, which every user may see. */
export interface RoomsChange {
  /** Rooms that are new or have a new name. */
  readonly rooms: readonly ListedRoom[];
  /** Ids of deleted rooms. */
  readonly gone: readonly number[];
  /**
   * False if there may be more changes than these: read the list with {@link ChorusApi.rooms}, after a random time of up to three
   * seconds, because all clients receive this at the same moment.
   */
  readonly complete: boolean;
}

/** How far a member has read a room. */
export interface Read {
  readonly userId: number;
  readonly position: Position;
  /** Whether the position may have moved backwards: the member has marked messages as unread. */
  readonly unread: boolean;
}

/** Missed messages that cannot be obtained: those after `from`, up to and including `to`. */
export interface Gap {
  readonly from: Position;
  readonly to: Position;
  /** Why the history does not have them. */
  readonly error: ChorusError;
}
