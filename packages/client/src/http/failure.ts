import { ChorusError, type ChorusErrorCode } from '../chorus-error.js';

/** For answers without a code: those of the routes of the original service. */
const CODES: Readonly<Record<number, ChorusErrorCode>> = {
  400: 'bad_request',
  401: 'unauthenticated',
  403: 'forbidden',
  404: 'not_found',
  408: 'timeout',
  409: 'conflict',
  413: 'bad_request',
  415: 'bad_request',
  429: 'too_many_requests',
  500: 'internal',
};

/**
 * Returns the error of an answer without success, or without JSON.
 * @param body the JSON of the answer
 */
export function failureOf({ status, headers }: Response, body: unknown): ChorusError {
  const { error, code } = (body ?? {}) as { error?: unknown; code?: ChorusErrorCode };
  const text = typeof error === 'string' ? error : undefined;
  // Balancers answer 502 to 504 with their own texts when the API is down. Any other answer without `error` is not
  // from the API.
  const known = status > 501 && status < 505 ? 'unavailable' : text && CODES[status];
  const after = headers.get('retry-after') ?? '';
  // Seconds or a date (RFC 9110, section 10.2.3).
  const retryAfterMs = Number(after) * 1_000 || Date.parse(after) - Date.now();
  return new ChorusError(
    text && typeof code === 'string' ? code : known || 'bad_answer',
    text ?? `HTTP ${status}`,
    status >= 500 || status === 429 || status === 408,
    { status, retryAfterMs: retryAfterMs >= 0 ? retryAfterMs : undefined },
  );
}
