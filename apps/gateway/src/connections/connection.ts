import type { CloseReason, Member } from '@chorus/protocol';

/** An open socket of any protocol, as the parts see it that watch and end connections. */
export interface Connection {
  /** Unique in the cluster. */
  readonly id: string;
  readonly user: Member;
  /** Address of the client, as far as the proxies in front are trusted. */
  readonly address: string;
  /** Id of its present token; undefined with `AUTH=open`. */
  readonly tokenId: string | undefined;
  /** Generation of that token. */
  readonly generation: number | undefined;
  /** When that token expires, in milliseconds since 1970. */
  readonly expiresAt: number | undefined;
  /** Bytes that its client has not taken yet. */
  readonly queuedBytes: number;
  /** The rooms that the socket is in. */
  readonly roomIds: Iterable<number>;
  /** Ends the socket with a close frame. */
  close(reason: CloseReason): void;
  /** Asks the client to reconnect after a delay, as far as the protocol can, and ends the socket with 1012. */
  requestReconnect(afterMs: number): void;
  /** Ends the membership of one room; a socket that is for one room only ends as a whole. */
  removeFromRoom(roomId: number, why: 'banned' | 'disconnected'): void;
  /** Sends a message of the operator to all clients. */
  broadcast(content: string): void;
}
