import type { ErrorCode } from '@chorus/protocol/constants';

/** What can go wrong without a gateway saying so. */
export type ClientErrorCode =
  /** The client was closed. */
  | 'closed'
  /** The room was left, or the client was put out of it; {@link Room.leftReason} says why. */
  | 'left'
  /** No answer came in the time that the caller gave. What became of the request is not known. */
  | 'timeout'
  /** The caller gave the request up. What became of it is not known. */
  | 'aborted'
  /** The message is larger than the gateway takes: `limits.maxFrameBytes`. */
  | 'too_big'
  /** The token is missing, expired, revoked or forged: sign in again. */
  | 'unauthenticated'
  /** This user, or this page, may not do that. */
  | 'forbidden'
  /** Whoever reads messages one by one reads too slowly: see {@link Room.messages}. */
  | 'too_slow'
  /** Messages had been acknowledged, and were lost by the server before they were in the database. */
  | 'history_lost'
  /** There is no WebSocket here, or it does not take what it was given. */
  | 'unsupported'
  /** The gateway ended the connection for good, for a reason that has no other code; the text has it. */
  | 'disconnected'
  /** No answer: the network, or nobody listens. */
  | 'network'
  /** What was sent to the API is not valid. */
  | 'bad_request'
  | 'not_found'
  /** The name, address or id is taken. */
  | 'conflict'
  /** Too many attempts; {@link ChorusError.retryAfterMs} says when to go on. */
  | 'too_many_requests'
  /** An answer that the API does not give: something between here and there did. */
  | 'bad_answer';

/** Every code of a {@link ChorusError}: those of the gateways and those of the client. They are stable. */
export type ChorusErrorCode = ErrorCode | ClientErrorCode;

export interface ChorusErrorDetails {
  /** Status of the HTTP answer, if there was one. */
  readonly status?: number | undefined;
  /** How long to wait before trying again, in milliseconds, if whoever refused said so. */
  readonly retryAfterMs?: number | undefined;
  readonly cause?: unknown;
}

/** Whatever goes wrong in this package: what it was, and whether trying again can help. */
export class ChorusError extends Error {
  override readonly name = 'ChorusError';
  /** Stable: for programs. The text in `message` is for people. */
  declare readonly code: ChorusErrorCode;
  /** Whether the same, tried again later and unchanged, can succeed. */
  declare readonly retry: boolean;
  /** Status of the HTTP answer, if there was one. */
  declare readonly status: number | undefined;
  /** How long to wait before trying again, in milliseconds, if whoever refused said so. */
  declare readonly retryAfterMs: number | undefined;

  constructor(code: ChorusErrorCode, message: string, retry = false, details: ChorusErrorDetails = {}) {
    super(message, { cause: details.cause });
    const { status, retryAfterMs } = details;
    Object.assign(this, { code, retry, status, retryAfterMs });
  }
}

/** What was thrown by what the application brought along, as an error of this package; such a thing can be tried again. */
export function asChorusError(cause: unknown): ChorusError {
  return cause instanceof ChorusError ? cause : new ChorusError('network', String(cause), true, { cause });
}
