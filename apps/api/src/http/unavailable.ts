import { Refusal } from '@chorus/protocol';

/** Returns the refusal for a store that does not answer, or a queue that is full. */
export function unavailable(cause?: unknown, retryAfterSeconds = 1): Refusal<'unavailable'> {
  const refusal = new Refusal('unavailable').with({ 'Retry-After': String(retryAfterSeconds) });
  refusal.cause = cause;
  return refusal;
}
