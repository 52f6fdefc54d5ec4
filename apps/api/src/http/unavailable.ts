import { Refusal } from '@chorus/protocol';

/** A store that the request needs cannot answer, or too much work waits. */
export function unavailable(cause?: unknown, retryAfterSeconds = 1): Refusal<'unavailable'> {
  const refusal = new Refusal('unavailable').with({ 'Retry-After': String(retryAfterSeconds) });
  refusal.cause = cause;
  return refusal;
}
