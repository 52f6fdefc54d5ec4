import type { CloseReason, Member } from '@chorus/protocol';

/** An open socket of any kind, as those see it who may have to end it. */
export interface Connection {
  /** Unique in the cluster. */
  readonly id: string;
  readonly user: Member;
  /** Where it comes from, as far as the proxies in front are trusted. */
  readonly address: string;
  /** Of the token that it was opened with, or that it was refreshed with; undefined with `AUTH=open`. */
  readonly tokenId: string | undefined;
  /** Of the same token. */
  readonly generation: number | undefined;
  /** When that token ends, in milliseconds since 1970. */
  readonly expiresAt: number | undefined;
  /** Bytes that its client has not taken yet. */
  readonly queuedBytes: number;
  /** The rooms that it is in. */
  readonly roomIds: Iterable<number>;
  /** Ends it with a close frame. */
  close(reason: CloseReason): void;
  /** Says when to connect again, as far as its protocol can, and ends it with 1012. */
  sendAway(afterMs: number): void;
  /** Ends its stay in one room; a socket that is for one room only ends as a whole. */
  expel(roomId: number, why: 'banned' | 'disconnected'): void;
  /** Hands over what the operator says to everybody. */
  broadcast(content: string): void;
}
