import { answerOperator, type OperatorSources } from '@chorus/service';
import type { Step } from '../http/context.js';

/** Tells whoever reaches the port the metrics and how the process is: what watches it has no token. */
export function processAnswers(sources: OperatorSources): Step {
  return async (ctx, next) => {
    const answer = await answerOperator(ctx, sources);
    if (answer === undefined) return next();
    ctx.status = answer.status;
    ctx.set({ 'Cache-Control': 'no-store', ...answer.headers });
    ctx.body = answer.body;
    return undefined;
  };
}
