import type { Position } from '@chorus/protocol/constants';
import type { ChorusError, ChorusErrorCode } from './chorus-error.js';

/** A user, as others see them. */
export interface Member {
  readonly id: number;
  readonly username: string;
}

/** Something that was said in a room. `epoch` and `seq` are its {@link Position}. */
export interface Message extends Position {
  readonly type: 'message';
  readonly roomId: number;
  /** Unique over all messages. */
  readonly id: string;
  readonly userId: number;
  readonly username: string;
  /** As it was sent. Text, never markup. */
  readonly content: string;
  /** When the sender's gateway received it, in milliseconds since 1970 by that gateway's clock. */
  readonly sentAt: number;
  /** As its sender named it. */
  readonly clientMsgId?: string | undefined;
}

/** Whether there is a connection, and what is done about it if there is none. */
export type ConnectionState =
  /** {@link ChorusClient.connect} was not called, or {@link ChorusClient.disconnect} was. */
  | { readonly status: 'idle' }
  /** A connection is being made. `attempt` is how many failed in a row before it. */
  | { readonly status: 'connecting'; readonly attempt: number }
  | {
      readonly status: 'connected';
      /** Names the connection in the logs of the gateway. */
      readonly connectionId: string;
      /** Whom the token belongs to. */
      readonly user: Member;
      /** Largest frame that the gateway takes, in bytes of UTF-8: a message and about 100 bytes around it. */
      readonly maxFrameBytes: number;
    }
  | {
      readonly status: 'waiting';
      readonly attempt: number;
      /** When the next attempt is made, in milliseconds since 1970 by the clock of this machine. */
      readonly retryAt: number;
      /** Why the last connection ended or did not come about. For people. */
      readonly reason: string;
    }
  /** For good: closed by the application if there is no error, else by what the error says. */
  | { readonly status: 'closed'; readonly error?: ChorusError };

/**
 * - `joining`: not in the room yet, or not any more until the connection is back. Goes on for as long as it takes.
 * - `catching-up`: in the room; what was missed is on its way. What is said meanwhile waits behind it.
 * - `joined`: everything that was said has been delivered up to this moment.
 * - `left`: for good; {@link Room.leftReason} says why. {@link ChorusClient.join} makes a new {@link Room}.
 */
export type RoomStatus = 'joining' | 'catching-up' | 'joined' | 'left';

/**
 * Why a room was left: the application wanted it (`left`) or closed the client (`closed`); the room was `deleted`;
 * the user was `banned` or `disconnected` from it by an operator; or the gateway refused to let them in with that code.
 */
export type LeftReason = 'left' | 'closed' | 'deleted' | 'banned' | 'disconnected' | ChorusErrorCode;

/**
 * What becomes of a message of one's own:
 * `queued` (waits for its turn or for the connection) → `sending` (sent, not answered) → `sent` (acknowledged: it will
 * not be lost and reaches everybody) → `stored` (in the database). Or `failed`: see {@link Delivery.error}.
 */
export type DeliveryState = 'queued' | 'sending' | 'sent' | 'stored' | 'failed';

/** A message of one's own on its way. A new object each time that something changes. */
export interface Delivery {
  readonly clientMsgId: string;
  readonly content: string;
  readonly state: DeliveryState;
  /** Once it is `sent`. */
  readonly position?: Position | undefined;
  /** Once it has `failed`. */
  readonly error?: ChorusError | undefined;
}

/** A message of one's own that was acknowledged. */
export interface SentMessage {
  readonly roomId: number;
  readonly clientMsgId: string;
  readonly content: string;
  readonly position: Position;
}

/** Messages that were missed and could not be had: those after `from`, up to and including `to`. */
export interface Gap {
  readonly from: Position;
  readonly to: Position;
  /** Why the history was of no help. */
  readonly error: ChorusError;
}
