/** Reason of a failure of operations whose answers have secrets. */
export const ALREADY_CREATED = {
  409: 'An earlier request with this `Idempotency-Key` was answered: the text and `Location` tell what it has created. Its secret is not shown again.',
} as const;

/** Reason of a failure of operations that take an `Idempotency-Key`. */
export const KEY_REUSED =
  'An earlier request with this `Idempotency-Key` was another one: another route, path or body.';
