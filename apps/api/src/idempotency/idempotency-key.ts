import { clientMsgIdSchema, Refusal } from '@chorus/protocol';
import type { Context } from '../http/context.js';

export const IDEMPOTENCY_HEADER = 'Idempotency-Key';

/** Returns the `Idempotency-Key` of a request. The value may be quoted, as the draft of the header says. @throws {Refusal} 400 */
export function idempotencyKeyOf(ctx: Context): string | undefined {
  const given = ctx.get(IDEMPOTENCY_HEADER).replace(/^"(.*)"$/, '$1');
  if (given === '') return undefined;
  const { data: key, error } = clientMsgIdSchema.safeParse(given);
  if (error)
    throw new Refusal('invalid_field', IDEMPOTENCY_HEADER, error.issues[0]?.message ?? 'is not valid');
  return key;
}
