import { Refusal } from '@chorus/protocol';
import type { Handler } from '../http/context.js';
import { banJson } from './bans/json.js';
import type { OperatorServices } from './dependencies.js';
import { userIdOf } from './inputs.js';

/** Returns an account and its bans that have not ended. */
export function getUser({ users, bans }: OperatorServices): Handler {
  return async (ctx) => {
    const id = userIdOf(ctx);
    const [user, held] = await Promise.all([users.findById(id), bans.ofUser(id)]);
    if (user === undefined) throw new Refusal('user_not_found');
    ctx.body = { id, username: user.username, email: user.email, bans: held.map(banJson) };
  };
}
