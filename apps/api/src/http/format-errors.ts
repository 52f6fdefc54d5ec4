import { isDatabaseUnavailable } from '@chorus/database';
import { UnavailableError } from '@chorus/redis';
import type { Context } from './context.js';
import { HttpError, unavailable } from './error.js';

/**
 * Turns whatever was thrown, and a status that nobody gave a body to, into `{"error"}`. What a
 * client reads was written for it: the text of any other error stays in the log.
 */
export async function formatErrors(ctx: Context, next: () => Promise<unknown>): Promise<void> {
  try {
    await next();
    // The router reports an unknown path or method by the status alone.
    if (ctx.status >= 400 && !ctx.body) respond(ctx, new HttpError(ctx.status, describe(ctx)));
  } catch (error) {
    ctx.state.failure = error;
    respond(ctx, toHttpError(error));
  }
}

/** What the client is told of `error`. */
export function toHttpError(error: unknown): HttpError {
  if (error instanceof HttpError) return error;
  if (error instanceof UnavailableError || isDatabaseUnavailable(error)) return unavailable(error);
  return new HttpError(500, 'internal error');
}

function respond(ctx: Context, error: HttpError): void {
  ctx.status = error.status;
  ctx.set({ ...error.headers });
  ctx.body = { error: error.message };
}

function describe(ctx: Context): string {
  switch (ctx.status) {
    case 404:
      return 'no such route';
    case 405:
      return `${ctx.method} is not allowed on this route`;
    case 501:
      return `${ctx.method} is not supported`;
    default:
      return ctx.message;
  }
}
