import { clientMsgIdSchema, Refusal } from '@chorus/protocol';
import type { Context } from '../http/context.js';

export const IDEMPOTENCY_HEADER = 'Idempotency-Key';

const KEY_PROBLEM = 'must be 1 to 64 letters, digits, dots, colons, dashes or underscores';

/** Returns the `Idempotency-Key` of a request. The value may be quoted, as the draft of the header says. @throws {Refusal} 400 */
export function idempotencyKeyOf(ctx: Context): string | undefined {
  const given = ctx.get(IDEMPOTENCY_HEADER).replace(/^"(.*)"$/, '$1');
  if (given === '') return undefined;
  if (!clientMsgIdSchema.safeParse(given).success) {
    throw new Refusal('invalid_field', IDEMPOTENCY_HEADER, KEY_PROBLEM);
  }
  return given;
}
