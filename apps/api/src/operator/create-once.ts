import type { Context } from '../http/context.js';
import { answerOnce, type Once } from '../idempotency/answer-once.js';
import type { StoredAnswers } from '../idempotency/stored-answers.js';

/** Answers a request of an operator that creates something, once for each `Idempotency-Key`. See {@link answerOnce}. */
export async function createOnceForOperator(
  ctx: Context,
  answers: StoredAnswers,
  { operation, input }: { readonly operation: string; readonly input: unknown },
  create: (once: Once | undefined) => Promise<object>,
): Promise<void> {
  ctx.body = await answerOnce(ctx, answers, { caller: 'operator', operation, input }, create);
  ctx.status = 201;
}
