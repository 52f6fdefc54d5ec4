import type { Handler } from '../http/context.js';
import { HttpError } from '../http/error.js';
import { banJson } from './bans/json.js';
import type { OperatorServices } from './dependencies.js';
import { userIdOf } from './inputs.js';

/** An account, and the bans that hold it out. */
export function getUser({ users, bans }: OperatorServices): Handler {
  return async (ctx) => {
    const id = userIdOf(ctx);
    const [user, held] = await Promise.all([users.findById(id), bans.ofUser(id)]);
    if (user === undefined) throw new HttpError(404, 'there is no such user');
    ctx.body = { id, username: user.username, email: user.email, bans: held.map(banJson) };
  };
}
