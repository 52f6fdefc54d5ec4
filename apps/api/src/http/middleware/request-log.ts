import { randomUUID } from 'node:crypto';
import { performance } from 'node:perf_hooks';
import { holdsKey } from '@chorus/auth';
import { Refusal } from '@chorus/protocol';
import type { Logger } from '@chorus/service';
import type { Context, Step } from '../context.js';

const REQUEST_ID = /^[A-Za-z0-9._-]{1,128}$/;
const LONGEST_PATH = 200;
/** Probes call these every few seconds, and the cause of a failure is logged elsewhere. */
const HEALTH = new Set(['/livez', '/readyz']);
/** Open operator pages call these every second, and Prometheus every few seconds. */
const WATCHED = new Set(['/nodes', '/rooms', '/metrics']);

/**
 * Gives every request an id (that of `X-Request-Id` if it is harmless) and logs one line after it was handled: the
 * route's pattern instead of its path, and never headers, query or body.
 */
export function requestLog(log: Logger): Step {
  // These lines have fixed fields, none of which is secret: looking for others takes longer than the line.
  const lines = log.child({}, { redact: [] });
  return async (ctx, next) => {
    const started = performance.now();
    const given = ctx.get('X-Request-Id');
    ctx.state.requestId = REQUEST_ID.test(given) && !holdsKey(given) ? given : randomUUID();
    ctx.set('X-Request-Id', ctx.state.requestId);
    await next();
    const line = {
      requestId: ctx.state.requestId,
      traceId: ctx.state.traceId,
      method: ctx.method,
      route: ctx._matchedRoute,
      // Only if no route matched.
      path: ctx._matchedRoute === undefined ? pathOf(ctx) : undefined,
      status: ctx.status,
      ms: Math.round((performance.now() - started) * 10) / 10,
      userId: ctx.state.user?.id,
      keyId: ctx.state.key?.id,
      ...describeFailure(ctx),
    };
    lines[level(ctx)](line, 'request');
  };
}

function pathOf(ctx: Context): string {
  return holdsKey(ctx.path) ? '(an API key)' : ctx.path.slice(0, LONGEST_PATH);
}

function level(ctx: Context): 'debug' | 'info' | 'warn' | 'error' {
  if (ctx.status >= 500 && ctx.status !== 503) return 'error';
  if (HEALTH.has(ctx.path)) return 'debug';
  if (WATCHED.has(ctx.path) && ctx.status === 200) return 'debug';
  return ctx.status === 503 ? 'warn' : 'info';
}

/** Field by field: an error object can contain the request's body. */
function describeFailure(ctx: Context): object {
  const { failure } = ctx.state;
  if (ctx.status < 500 || failure === undefined) return {};
  const error = failure instanceof Refusal ? (failure.cause ?? failure) : failure;
  if (!(error instanceof Error)) return { error: String(error) };
  return ctx.status === 503 ? { error: error.message } : { error: error.message, stack: error.stack };
}
