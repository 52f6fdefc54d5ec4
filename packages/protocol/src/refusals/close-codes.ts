/** What a client should do about a closed socket. */
export interface CloseReason {
  /** WebSocket close code: 1000–1015 as RFC 6455 and its registry define them, 4000–4999 ours. */
  readonly code: number;
  /** Sent as the close frame's reason; short, lower case, stable enough to log and to search for. */
  readonly reason: string;
  /** Whether connecting again, unchanged, can help. */
  readonly reconnect: boolean;
}

/**
 * Every way in which a gateway ends a socket. Server and client share this one list;
 * `docs/reference/protocol.md` is checked against it.
 */
export const CLOSE = {
  /** The client said good-bye; the gateway answers in kind. */
  normal: { code: 1000, reason: 'normal', reconnect: false },
  /** Binary frames are not part of the protocol. */
  binaryFrame: { code: 1003, reason: 'binary frames are not accepted', reconnect: false },
  /**
   * Never sent: what a client sees when the connection was cut without a close frame. So end the idle
   * time-out, and what the WebSocket library itself refuses: invalid UTF-8 and frames far over the limit.
   */
  lost: { code: 1006, reason: 'connection lost', reconnect: true },
  /** A frame over `MAX_FRAME_BYTES`. */
  frameTooBig: { code: 1009, reason: 'frame too big', reconnect: false },
  /** This gateway is shutting down; another one is ready. */
  restart: { code: 1012, reason: 'gateway restarting', reconnect: true },
  /** The token expired, or its owner signed out. Sign in and connect with another one. */
  unauthenticated: { code: 4401, reason: 'token no longer valid', reconnect: false },
  /** An operator ended the connection, or banned the user. */
  disconnected: { code: 4403, reason: 'disconnected by an operator', reconnect: false },
  /** The room was deleted. */
  roomDeleted: { code: 4404, reason: 'room deleted', reconnect: false },
  /** The queue of what this socket has not read yet passed `MAX_QUEUED_BYTES`. */
  slowReader: { code: 4408, reason: 'reading too slowly', reconnect: true },
  /** More frames or pings a second than `MAX_MESSAGES_PER_SECOND` allows. */
  tooManyMessages: { code: 4429, reason: 'too many messages', reconnect: true },
} as const satisfies Record<string, CloseReason>;
