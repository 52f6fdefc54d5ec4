import type { ErrorCode, MessageFrame, Position } from '@chorus/protocol';

/** What a client did and saw. `at` is in milliseconds, of one clock for all clients of a process. */
export type ClientEvent = { readonly at: number } & (
  | { readonly type: 'connected'; readonly connectionId: string }
  /** `code` as the socket told it; 0 when the client dropped it without a word. */
  | { readonly type: 'disconnected'; readonly code: number }
  /** The upgrade was answered with an HTTP status, or with nothing: 0, and what went wrong instead. */
  | { readonly type: 'refused-connection'; readonly status: number; readonly error: string }
  | { readonly type: 'reconnect-hint'; readonly afterMs: number }
  | { readonly type: 'joining'; readonly roomId: number; readonly since: Position | undefined }
  | {
      readonly type: 'joined';
      readonly roomId: number;
      /** What was asked for. */
      readonly since: Position | undefined;
      /** Where the room stood; undefined for a plain client, which the first message tells. */
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
  /** Messages after `from` and up to `to` were acknowledged and do not come any more. */
  | {
      readonly type: 'history-lost';
      readonly roomId: number;
      readonly from: Position;
      readonly to: Position;
      /** The history of the API has them. */
      readonly recoverable: boolean;
    }
  /** The user of the client let it stop and go on reading. */
  | { readonly type: 'stalled' | 'reading' }
  /** It does not try again: it may not. */
  | { readonly type: 'gave-up'; readonly why: string }
  /** Its user wanted no more. */
  | { readonly type: 'closed' }
);

export type ClientEventType = ClientEvent['type'];

/** An event as it is made, before it is known when. */
export type Unstamped<Event = ClientEvent> = Event extends ClientEvent ? Omit<Event, 'at'> : never;
