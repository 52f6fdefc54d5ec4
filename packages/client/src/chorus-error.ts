import type { ErrorCode, HttpErrorCode } from '@chorus/protocol/constants';

/** Error codes of the client itself, beside those of the gateways. */
export type ClientErrorCode =
  /** The client was closed. */
  | 'closed'
  /** The room was left, or the gateway removed the client from it; {@link Room.leftReason} has the reason. */
  | 'left'
  /** No answer arrived within the time-out. Whether the request took effect is unknown. */
  | 'timeout'
  /** The caller cancelled the request. Whether it took effect is unknown. */
  | 'aborted'
  /** The message is larger than the gateway accepts: `limits.maxFrameBytes`. */
  | 'too_big'
  /** The token is missing, expired, revoked or forged: sign in again. */
  | 'unauthenticated'
  /** This user or this page's origin is not allowed to do that. */
  | 'forbidden'
  /** The consumer of {@link Room.messages} reads too slowly. */
  | 'too_slow'
  /** The server lost acknowledged messages before they were stored in the database. */
  | 'history_lost'
  /** The platform has no WebSocket, or its WebSocket rejected the arguments. */
  | 'unsupported'
  /** `fetch` does not take the arguments of a request, such as its address, or a function of the application threw: `cause` has the exception. */
  | 'exception'
  /**
   * The gateway closed the connection for good, for a reason without a code of its own; the message has the reason.
   */
  | 'disconnected'
  /** No answer: the network failed, or no server listens, or the function for the token failed. */
  | 'network'
  /** The API rejected the request as invalid. */
  | 'bad_request'
  | 'not_found'
  /** The name, address or id is taken. */
  | 'conflict'
  /** Too many attempts; retry after {@link ChorusError.retryAfterMs}. */
  | 'too_many_requests'
  /** The answer does not come from the API: a proxy between client and API sent it. */
  | 'bad_answer';

/** All codes of a {@link ChorusError}: those of the API, of the gateways and of the client. They are stable. */
export type ChorusErrorCode = HttpErrorCode | ErrorCode | ClientErrorCode;

export interface ChorusErrorDetails {
  /** Status of the HTTP answer, if there was one. */
  readonly status?: number | undefined;
  /** Time to wait before a retry, in milliseconds, if the server gave one. */
  readonly retryAfterMs?: number | undefined;
  readonly cause?: unknown;
}

/** The only error class of this package: what failed, and whether a retry can succeed. */
export class ChorusError extends Error {
  override readonly name = 'ChorusError';
  /** Stable code for programs; `message` is a text for people, or the code. */
  declare readonly code: ChorusErrorCode;
  /** Whether an unchanged retry can succeed later. */
  declare readonly retry: boolean;
  /** Status of the HTTP answer, if there was one. */
  declare readonly status: number | undefined;
  /** Time to wait before a retry, in milliseconds, if the server gave one. */
  declare readonly retryAfterMs: number | undefined;

  constructor(
    code: ChorusErrorCode,
    message: string = code,
    retry = false,
    details: ChorusErrorDetails = {},
  ) {
    super(message, details);
    const { status, retryAfterMs } = details;
    Object.assign(this, { code, retry, status, retryAfterMs });
  }
}

/**
 * Wraps an exception of the platform, or of a function that the application passed in.
 * @param code its likely cause; only `network` can be retried
 */
export function asChorusError(cause: unknown, code: ClientErrorCode = 'network'): ChorusError {
  return cause instanceof ChorusError
    ? cause
    : new ChorusError(code, String(cause), code === 'network', { cause });
}
