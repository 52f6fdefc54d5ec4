import { ChorusError, type ChorusErrorCode } from '../chorus-error.js';

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

/** What an answer with an error status says; `body` is its text. */
export function failureOf({ status, headers }: Response, body: string): ChorusError {
  const said = errorIn(body);
  // Balancers say in their own words that the API is away (502 to 504); what else comes without `error` is not from it.
  const code =
    status > 501 && status < 505
      ? 'unavailable'
      : ((said === undefined ? undefined : CODES[status]) ?? 'bad_answer');
  const retry = status >= 500 || status === 429 || status === 408;
  const retryAfterMs = readRetryAfter(headers.get('retry-after'));
  return new ChorusError(code, said ?? `HTTP ${status}`, retry, { status, retryAfterMs });
}

/** Why there was no answer. Whether the request was carried out is not known. */
export function noAnswer(cause: unknown, code: 'aborted' | 'timeout' | 'network'): ChorusError {
  const { location } = globalThis;
  // Browsers say nothing else about an answer that CORS keeps from the page.
  const hint =
    code === 'network' && location !== undefined
      ? `; if Chorus runs, does its ALLOWED_ORIGINS list ${location.origin}?`
      : '';
  return new ChorusError(code, `no answer: ${code}${hint}`, true, { cause });
}

function errorIn(body: string): string | undefined {
  try {
    const { error } = JSON.parse(body);
    return typeof error === 'string' ? error : undefined;
  } catch {
    return undefined;
  }
}

/** Seconds, or a date (RFC 9110, section 10.2.3), as milliseconds from now. */
function readRetryAfter(text: string | null): number | undefined {
  if (!text) return undefined;
  const ms = /^\d+$/.test(text) ? Number(text) * 1_000 : Date.parse(text) - Date.now();
  return ms >= 0 ? ms : undefined;
}
