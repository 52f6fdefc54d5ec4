/** What a `chorus.v1` request can fail with. The codes are stable; the texts beside them are for people. */
export interface ErrorReason {
  /** Whether sending the same again later, unchanged, can succeed. */
  readonly retry: boolean;
  readonly error: string;
}

/**
 * Every reason for which a gateway refuses a frame. Server and client share this one list;
 * `docs/reference/protocol.md` is checked against it.
 */
export const ERRORS = {
  /** Not JSON, an unknown `type`, or a field that is missing or wrong. */
  bad_frame: { retry: false, error: 'the frame is not valid' },
  /** The text holds U+0000 or half of a surrogate pair, which can not be stored. */
  bad_content: { retry: false, error: 'the text holds a character that cannot be stored' },
  /** The socket is not in that room. */
  not_joined: { retry: false, error: 'this socket has not joined the room' },
  /** There is no such room. */
  unknown_room: { retry: false, error: 'no such room' },
  /** The user may not be in that room. */
  banned: { retry: false, error: 'you are banned from this room' },
  /** More rooms than `MAX_ROOMS_PER_CONNECTION`. */
  too_many_rooms: { retry: false, error: 'too many rooms on this connection' },
  /** More frames a second than the socket or its user may send, or a room resumed twice within a second. */
  too_many_messages: { retry: true, error: 'too many messages, slow down' },
  /** Messages cannot be stored fast enough; none is accepted until the backlog is shorter. */
  backlog_full: { retry: true, error: 'messages cannot be stored at the moment, try again' },
  /** Redis is away or being restored. */
  unavailable: { retry: true, error: 'the chat is not available at the moment, try again' },
  /** The token given to `refresh` is expired, forged, revoked or somebody else's. */
  invalid_token: { retry: false, error: 'the token is not valid' },
  /** A bug; the gateway's log has more. */
  internal: { retry: true, error: 'internal error' },
} as const satisfies Record<string, ErrorReason>;

export type ErrorCode = keyof typeof ERRORS;
