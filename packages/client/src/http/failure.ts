import { ChorusError, type ChorusErrorCode } from '../chorus-error.js';

/** Codes by status, for answers without a code. */
export type CodesByStatus = Readonly<Record<number, ChorusErrorCode>>;

/**
 * Returns the error of an answer with an error status.
 * @param body text of the answer
 * @param codes of the routes of the original service, whose answers have no code
 */
export function failureOf(
  { status, headers }: Response,
  body: string,
  codes: CodesByStatus | undefined,
): ChorusError {
  const { error: text, code: given } = errorIn(body);
  // Balancers answer 502 to 504 with their own texts when the API is down. Any other answer without `error` is not
  // from the API.
  const gone = status > 501 && status < 505;
  const code =
    given ?? (gone ? 'unavailable' : ((text === undefined ? undefined : codes?.[status]) ?? 'bad_answer'));
  const retry = status >= 500 || status === 429 || status === 408;
  const retryAfterMs = readRetryAfter(headers.get('retry-after'));
  return new ChorusError(code, text ?? `HTTP ${status}`, retry, { status, retryAfterMs });
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
