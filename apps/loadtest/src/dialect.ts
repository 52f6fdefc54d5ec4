import type { Position } from '@chorus/protocol';

/** Somebody whom the tool plays. */
export interface Identity {
  readonly userId: number;
  readonly username: string;
  /** Undefined for servers that ask for none. */
  readonly token: string | undefined;
}

/** How to ask for a socket. */
export interface Handshake {
  /** Path and query. */
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly protocols: readonly string[];
}

/** What a conversation tells about one connection. */
export interface ConversationEvents {
  /**
   * The room was entered; `recovered` says whether everything since the given position follows, and is undefined where
   * the server does not say. `at` is where the room stands, if that is known.
   */
  joined(roomId: number, recovered: boolean | undefined, at?: Position): void;
  /**
   * A message of this run arrived: the number in its content, see `messageText`. The position is undefined where
   * the server numbers nothing, and may be the same object every time.
   */
  message(number: number, position: Position | undefined): void;
  acked(number: number): void;
  /** The server said that this message went nowhere. */
  refused(number: number | undefined, why: string): void;
  /** The server asks to reconnect after this time, in milliseconds. */
  goAway(afterMs: number): void;
  /** The conversation cannot go on: the socket is ended and counts as failed for this reason. */
  failed(why: string): void;
}

/**
 * One connection's side of a protocol: turns frames into events and messages into frames. It lives as long as the
 * connection is wanted, over all of its sockets, so that it can keep what a client of that kind keeps to resume.
 */
export interface Conversation {
  /**
   * A socket is open: the first, or another one after a cut. `since` holds, by room, where to resume; a room without an
   * entry is joined anew.
   */
  opened(since: ReadonlyMap<number, Position>): void;
  /** Payload of a text or binary frame from `start` to before `end`; valid during the call only. */
  received(bytes: Buffer, start: number, end: number): void;
  /** Sends the text as a message to the room; `number` comes back in `acked`, for protocols that have acks. */
  publish(roomId: number, number: number, text: string): void;
  /** The socket is gone: no events until the next one is open, and no timers left. */
  closed?(): void;
}

/**
 * How a kind of server is spoken to. A module that exports one as `dialect` can be given to `runLoad`: the workers
 * import it by its URL.
 */
export interface Dialect {
  /** Whether it acks messages; else nothing is said about acks. */
  readonly acks: boolean;
  /** Whether a message that was not acked may be sent again on the next socket without reaching anybody twice. */
  readonly resends: boolean;
  /** Whether a room must be known at the handshake, so that a connection is in one room only. */
  readonly oneRoom: boolean;
  handshake(identity: Identity, rooms: readonly number[], since: ReadonlyMap<number, Position>): Handshake;
  /** Called once for a connection, before its first handshake. */
  converse(
    rooms: readonly number[],
    events: ConversationEvents,
    /** Sends a text frame on the socket that is open. */
    send: (text: string) => void,
  ): Conversation;
}
