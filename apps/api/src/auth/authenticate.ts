import type { Admission, Credentials, Guard } from '@chorus/auth';
import type { AccessList, Verdict } from '@chorus/control';
import type { Context, Step } from '../http/context.js';
import { HttpError } from '../http/http-error.js';

/** What decides who may do something. */
export interface AccessServices {
  readonly guard: Guard;
  readonly access: AccessList;
}

/** Lets only requests pass that carry a valid token which nobody revoked, of a user who is not banned. */
export function requireToken({ guard, access }: AccessServices): Step {
  return async (ctx, next) => {
    await enter(ctx, access, guard.authenticate(credentials(ctx)));
    return next();
  };
}

/**
 * Lets requests pass that may use rooms: with such a token, or any with `AUTH=open`, but for users who are banned.
 * @param roomOf the room that it is about: whoever is banned from that one does not pass either
 */
export function requireRoomAccess(
  { guard, access }: AccessServices,
  roomOf: (ctx: Context) => number | undefined = () => undefined,
): Step {
  return async (ctx, next) => {
    await enter(ctx, access, guard.admit(credentials(ctx)), () => roomOf(ctx));
    return next();
  };
}

/** What a request says about its sender. */
export function credentials(ctx: Context): Credentials {
  return {
    authorization: ctx.req.headers.authorization,
    cookie: ctx.req.headers.cookie,
    userId: single(ctx, 'userId'),
    username: single(ctx, 'username'),
  };
}

/**
 * @throws {HttpError} 401 or 403
 * @throws {BrokerUnavailableError} it cannot be known: nobody passes then
 */
async function enter(
  ctx: Context,
  access: AccessList,
  admission: Admission,
  roomOf?: () => number | undefined,
): Promise<void> {
  if (!admission.ok) throw refusal(admission.status, admission.error);
  ctx.state.user = admission.user;
  const roomId = roomOf?.();
  if (admission.user === undefined) return;
  const subject = { userId: admission.user.id, tokenId: admission.token?.tokenId, roomId };
  const [verdict] = await access.check([subject]);
  refuse(verdict);
}

/** @throws {HttpError} unless the verdict is that somebody may come in */
export function refuse(verdict: Verdict | undefined): void {
  switch (verdict) {
    case 'ok':
      return;
    case 'revoked':
      throw refusal(401, 'the token is not valid');
    case 'banned':
      throw refusal(403, 'you are banned');
    case 'banned-from-room':
      throw refusal(403, 'you are banned from this room');
    case undefined:
      throw new Error('the access list gave no verdict');
    default:
      verdict satisfies never;
  }
}

function refusal(status: 400 | 401 | 403, error: string): HttpError {
  return new HttpError(status, error, status === 401 ? { 'WWW-Authenticate': 'Bearer' } : {});
}

function single(ctx: Context, name: string): string | undefined {
  const value = ctx.query[name];
  if (Array.isArray(value)) throw new HttpError(400, `${name} must be given once`);
  return value;
}
