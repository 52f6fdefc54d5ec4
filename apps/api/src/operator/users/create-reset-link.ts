import { resetPath } from '../../auth/reset/reset-page.js';
import type { Handler } from '../../http/context.js';
import { parseInput } from '../../http/input.js';
import { type OperatorServices, record } from '../dependencies.js';
import { nothing, userIdOf } from '../inputs.js';

/** Makes a link by which a user chooses a new password. The answer is the only one that has its token. */
export function createResetLink({ accounts, log }: OperatorServices): Handler {
  return async (ctx) => {
    const userId = userIdOf(ctx);
    parseInput(nothing, ctx.request.body ?? {});
    const { token, expiresAt } = await accounts.createResetLink(userId);
    record(log, ctx, 'create reset link', { userId });
    ctx.status = 201;
    ctx.body = { userId, token, path: resetPath(token), expiresAt: expiresAt.toISOString() };
  };
}
