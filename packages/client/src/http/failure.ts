import { ChorusError, type ChorusErrorCode } from '../chorus-error.js';

/** For responses without a code: those to the routes of the original service. */
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

/** Returns the error of an answer with an error status. @param body text of the answer */
export function failureOf({ status, headers }: Response, body: string): ChorusError {
  const { error: text, code: given } = errorIn(body);
  // Balancers answer 502 to 504 with their own texts when the API is down. Any other answer without `error` is not
  // from the API.
  const gone = status > 501 && status < 505;
  const code =
    given ?? (gone ? 'unavailable' : ((text === undefined ? text : CODES[status]) ?? 'bad_answer'));
  const retry = status >= 500 || status === 429 || status === 408;
  const retryAfterMs = readRetryAfter(headers.get('retry-after'));
  return new ChorusError(code, text ?? `HTTP ${status}`, retry, { status, retryAfterMs });
}

/** Returns the error of a request without an answer. Whether it took effect is unknown. */
export function noAnswer(cause: unknown, code: 'aborted' | 'timeout' | 'network'): ChorusError {
  const { location } = globalThis;
  // Browsers give no other sign when CORS hides an answer from the page.
  const hint =
    code === 'network' && location !== undefined
      ? `; if Chorus runs, does its ALLOWED_ORIGINS list ${location.origin}?`
      : '';
  return new ChorusError(code, `no answer: ${code}${hint}`, true, { cause });
}

function errorIn(body: string): { error?: string; code?: ChorusErrorCode } {
  try {
    const answer = JSON.parse(body);
    if (typeof answer.error !== 'string') return {};
    return typeof answer.code === 'string' ? answer : { error: answer.error };
  } catch {
    return {};
  }
}

/** Converts seconds or a date (RFC 9110, section 10.2.3) to milliseconds from now. */
function readRetryAfter(text: string | null): number | undefined {
  if (!text) return undefined;
  const ms = /^\d+$/.test(text) ? Number(text) * 1_000 : Date.parse(text) - Date.now();
  return ms >= 0 ? ms : undefined;
}
