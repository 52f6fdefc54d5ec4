import type { Handler } from '../http/context.js';
import { HttpError } from '../http/http-error.js';
import type { AuthServices } from './auth-services.js';

/** Who the token's owner is, as stored. */
export function currentUser({ users }: AuthServices): Handler {
  return async (ctx) => {
    const user = ctx.state.user && (await users.findById(ctx.state.user.id));
    if (user === undefined) throw new HttpError(401, 'the user of the token does not exist');
    ctx.body = { id: user.id, username: user.username, email: user.email };
  };
}
