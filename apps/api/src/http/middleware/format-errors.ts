import { isDatabaseUnavailable } from '@chorus/database';
import { Refusal } from '@chorus/protocol';
import { UnavailableError } from '@chorus/redis';
import type { Context } from '../context.js';
import { unavailable } from '../unavailable.js';

/**
 * Turns every error, and every error status without a body, into a response of the catalogue of refusals. The texts
 * of other errors appear only in the log.
 */
export async function formatErrors(ctx: Context, next: () => Promise<unknown>): Promise<void> {
  try {
    await next();
    // The router reports an unknown path or method by the status alone.
    if (ctx.status >= 400 && !ctx.body) respond(ctx, unrouted(ctx));
  } catch (error) {
    ctx.state.failure = error;
    respond(ctx, toRefusal(error));
  }
}

/** Returns the refusal that the client receives for `error`. */
export function toRefusal(error: unknown): Refusal {
  if (error instanceof Refusal) return error;
  if (error instanceof UnavailableError || isDatabaseUnavailable(error)) return unavailable(error);
  return new Refusal('internal');
}

function respond(ctx: Context, refusal: Refusal): void {
  ctx.status = refusal.status;
  ctx.set({ ...refusal.headers });
  if (refusal.code === 'unauthenticated') ctx.set('WWW-Authenticate', 'Bearer');
  ctx.body = refusal.bodyFor(ctx);
}

function unrouted({ status, method }: Context): Refusal {
  switch (status) {
    case 404:
      return new Refusal('route_not_found');
    case 405:
      return new Refusal('method_not_allowed', method);
    case 501:
      return new Refusal('unknown_method', method);
    default:
      throw new Error(`the router answered ${status} without a reason`);
  }
}
