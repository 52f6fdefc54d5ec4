import type { Handler } from '../../http/context.js';
import { banJson } from '../bans/json.js';
import type { OperatorServices } from '../dependencies.js';
import { userIdOf } from '../inputs.js';
import { userJson } from './json.js';

/** Returns an account and its bans that have not ended. */
export function getUser({ accounts, bans }: OperatorServices): Handler {
  return async (ctx) => {
    const id = userIdOf(ctx);
    const [user, held] = await Promise.all([accounts.get(id), bans.ofUser(id)]);
    ctx.body = { ...userJson(user), bans: held.map(banJson) };
  };
}
