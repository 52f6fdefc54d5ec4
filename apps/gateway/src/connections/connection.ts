import type { CloseReason, Member } from '@chorus/protocol';

/** Why a membership ends. `removed`: the user is not a member any more, which ends no membership of a public room. */
export type RemovalCause = 'banned' | 'disconnected' | 'removed';

/** An open socket of any protocol, as the code sees it that watches and ends connections. */
export interface Connection {
  /** Unique in the cluster. */
  readonly id: string;
  readonly user: Member;
  /** Address of the client, as far as the proxies in front are trusted. */
  readonly address: string;
  /** Id of the current token; undefined with `AUTH=open`. */
  readonly tokenId: string | undefined;
  /** Generation of the current token. */
  readonly generation: number | undefined;
  /** Expiry of the current token, in milliseconds since 1970. */
  readonly expiresAt: number | undefined;
  /** Bytes queued for the client. */
  readonly queuedBytes: number;
  /** Rooms that the socket has joined. */
  readonly roomIds: Iterable<number>;
  /** Ends the socket with a close frame. */
  close(reason: CloseReason): void;
  /**
   * Asks the client to reconnect after a delay, if the protocol has a frame for that, and closes the socket with 1012.
   */
  requestReconnect(afterMs: number): void;
  /** Ends the membership of one room. A plain socket, which is in one room only, is closed. */
  removeFromRoom(roomId: number, why: RemovalCause): void;
  /** Sends an operator's message to the client. */
  broadcast(content: string): void;
}
