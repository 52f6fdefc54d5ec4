import type { Admission, Credentials, Guard } from '@chorus/auth';
import type { Context, Step } from '../http/context.js';
import { HttpError } from '../http/http-error.js';

/** Lets only requests with a valid token pass. */
export function requireToken(guard: Guard): Step {
  return (ctx, next) => {
    enter(ctx, guard.authenticate(credentials(ctx)));
    return next();
  };
}

/** Lets requests pass that may use rooms: with a valid token, or any with `AUTH=open`. */
export function requireRoomAccess(guard: Guard): Step {
  return (ctx, next) => {
    enter(ctx, guard.admit(credentials(ctx)));
    return next();
  };
}

function enter(ctx: Context, admission: Admission): void {
  if (!admission.ok) {
    throw new HttpError(
      admission.status,
      admission.error,
      admission.status === 401 ? { 'WWW-Authenticate': 'Bearer' } : {},
    );
  }
  ctx.state.user = admission.user;
}

function credentials(ctx: Context): Credentials {
  return {
    authorization: ctx.req.headers.authorization,
    cookie: ctx.req.headers.cookie,
    userId: single(ctx, 'userId'),
    username: single(ctx, 'username'),
  };
}

function single(ctx: Context, name: string): string | undefined {
  const value = ctx.query[name];
  if (Array.isArray(value)) throw new HttpError(400, `${name} must be given once`);
  return value;
}
