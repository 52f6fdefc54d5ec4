/** What a client should do about a closed socket. */
export interface CloseReason {
  /** WebSocket close code: 1000–1015 as RFC 6455 and its registry define them, 4000–4999 ours. */
  readonly code: number;
  /** Reason in the close frame; short, lower case, stable enough to log and to search for. */
  readonly reason: string;
  /** Whether an unchanged connection attempt can succeed. */
  readonly reconnect: boolean;
}

/**
 * Every way in which a gateway closes a socket, shared by server and client; tests compare `docs/reference/protocol.md`
 * with it.
 */
export const CLOSE = {
  /** The client closed the socket; the gateway answers the close frame. */
  normal: { code: 1000, reason: 'normal', reconnect: false },
  /** Binary frames are not part of the protocol. */
  binaryFrame: { code: 1003, reason: 'binary frames are not accepted', reconnect: false },
  /**
   * Never sent: a client sees this code when the connection was cut without a close frame. The gateway cuts connections
   * at the idle timeout, and the WebSocket library cuts invalid UTF-8 and frames far over the limit.
   */
  lost: { code: 1006, reason: 'connection lost', reconnect: true },
  /** A frame over `MAX_FRAME_BYTES`. */
  frameTooBig: { code: 1009, reason: 'frame too big', reconnect: false },
  /** This gateway is shutting down; another one is ready. */
  restart: { code: 1012, reason: 'gateway restarting', reconnect: true },
  /** The token expired, or its session was signed out. Sign in and connect with a new token. */
  unauthenticated: { code: 4401, reason: 'token no longer valid', reconnect: false },
  /** An operator ended the connection, or banned the user. */
  disconnected: { code: 4403, reason: 'disconnected by an operator', reconnect: false },
  /** The room was deleted. */
  roomDeleted: { code: 4404, reason: 'room deleted', reconnect: false },
  /** The user is not a member of the room any more. */
  removed: { code: 4406, reason: 'removed from the room', reconnect: false },
  /** More than `MAX_QUEUED_BYTES` waited for this socket to read. */
  slowReader: { code: 4408, reason: 'reading too slowly', reconnect: true },
  /** More frames or pings per second than `MAX_MESSAGES_PER_SECOND` allows. */
  tooManyMessages: { code: 4429, reason: 'too many messages', reconnect: true },
} as const satisfies Record<string, CloseReason>;
