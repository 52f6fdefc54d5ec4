import type { ErrorCode, MessageFrame, Position } from '@chorus/protocol';

/** What a client did and saw. `at` is in milliseconds, on one clock for all clients of a process. */
export type ClientEvent = { readonly at: number } & (
  | { readonly type: 'connected'; readonly connectionId: string }
  /** `code` of the socket; 0 when the client dropped it without a close frame. */
  | { readonly type: 'disconnected'; readonly code: number }
  /** The upgrade was answered with an HTTP status, or failed: status 0 and the error. */
  | { readonly type: 'refused-connection'; readonly status: number; readonly error: string }
  | { readonly type: 'reconnect-hint'; readonly afterMs: number }
  | { readonly type: 'joining'; readonly roomId: number; readonly since: Position | undefined }
  | {
      readonly type: 'joined';
      readonly roomId: number;
      /** Position of the join. */
      readonly since: Position | undefined;
      /** Position of the room; undefined for a plain client, which learns it from the first message. */
      readonly position: Position | undefined;
      readonly recovered: boolean;
    }
  | { readonly type: 'out-of-room'; readonly roomId: number; readonly reason: string }
  | { readonly type: 'message'; readonly message: MessageFrame }
  | {
      readonly type: 'notice';
      readonly kind: 'joined' | 'left';
      readonly roomId: number;
      readonly userId: number;
    }
  | {
      readonly type: 'publish';
      readonly roomId: number;
      readonly clientMsgId: string;
      readonly content: string;
      /** 1 for the first. */
      readonly attempt: number;
    }
  | {
      readonly type: 'ack';
      readonly roomId: number;
      readonly clientMsgId: string;
      readonly position: Position;
    }
  | {
      readonly type: 'refused';
      readonly roomId: number;
      readonly clientMsgId: string;
      readonly code: ErrorCode;
      readonly retry: boolean;
    }
  /** Every message of the room up to there is in the database. */
  | { readonly type: 'stored'; readonly roomId: number; readonly position: Position }
  /** Messages after `from` and up to `to` were acknowledged and will not be delivered. */
  | {
      readonly type: 'history-lost';
      readonly roomId: number;
      readonly from: Position;
      readonly to: Position;
      /** Whether the history of the API has them. */
      readonly recoverable: boolean;
    }
  /** The test made the client stop and continue reading. */
  | { readonly type: 'stalled' | 'reading' }
  /** It does not retry, as required. */
  | { readonly type: 'gave-up'; readonly why: string }
  /** The application closed it. */
  | { readonly type: 'closed' }
);

export type ClientEventType = ClientEvent['type'];

/** An event without its time. */
export type Unstamped<Event = ClientEvent> = Event extends ClientEvent ? Omit<Event, 'at'> : never;
