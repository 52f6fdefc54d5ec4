import type { Position } from '@chorus/protocol';

/** A simulated user. */
export interface Identity {
  readonly userId: number;
  readonly username: string;
  /** Undefined for servers that require none. */
  readonly token: string | undefined;
}

/** The upgrade request of a socket. */
export interface Handshake {
  /** Path and query. */
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly protocols: readonly string[];
}

/** What a conversation reports about one connection. */
export interface ConversationEvents {
  /**
   * The room was entered. `recovered`: whether everything since the given position follows; undefined if the server
   * does not report it. `at`: current position of the room, if known.
   */
  joined(roomId: number, recovered: boolean | undefined, at?: Position): void;
  /**
   * A message of this run arrived, with the number in its content, see `messageText`. The position is undefined if
   * the server gives none; it may be one object that changes with each call.
   */
  message(number: number, position: Position | undefined): void;
  acked(number: number): void;
  /** The server refused this message. */
  refused(number: number | undefined, why: string): void;
  /** The server asks the client to reconnect after this time, in milliseconds. */
  goAway(afterMs: number): void;
  /** The conversation cannot continue: the socket is ended and counts as failed for this reason. */
  failed(why: string): void;
}

/**
 * One connection's side of a protocol: turns frames into events and messages into frames. It lasts as long as the
 * connection is wanted, over all of its sockets, so that it can keep what a client needs to resume.
 */
export interface Conversation {
  /**
   * A socket is open: the first, or a new one after a cut. `since` holds, by room, where to resume; a room without an
   * entry is joined without a position.
   */
  opened(since: ReadonlyMap<number, Position>): void;
  /** Payload of a text or binary frame from `start` to before `end`; valid only during the call. */
  received(bytes: Buffer, start: number, end: number): void;
  /** Sends the text as a message to the room; `number` comes back in `acked`, in protocols with acks. */
  publish(roomId: number, number: number, text: string): void;
  /** The socket is closed: no events until the next one is open, and no timers may be left. */
  closed?(): void;
}

/**
 * A kind of server. A module that exports one as `dialect` can be given to `runLoad`: the workers import it by its
 * URL.
 */
export interface Dialect {
  /** Whether it acks messages; otherwise acks are not reported. */
  readonly acks: boolean;
  /** Whether a message without an ack may be sent again on the next socket without being delivered twice. */
  readonly resends: boolean;
  /** Whether a room must be known at the handshake, so that a connection is in one room only. */
  readonly oneRoom: boolean;
  handshake(identity: Identity, rooms: readonly number[], since: ReadonlyMap<number, Position>): Handshake;
  /** Called once per connection, before its first handshake. */
  converse(
    rooms: readonly number[],
    events: ConversationEvents,
    /** Sends a text frame on the open socket. */
    send: (text: string) => void,
  ): Conversation;
}
