import type { Traces } from '@chorus/service';
import type { Step } from '../context.js';

/** Monitoring calls these every few seconds; traces of them have no use. */
const UNTRACED: ReadonlySet<string> = new Set(['/livez', '/readyz', '/metrics']);

/** Creates a span for each request, named after the route's pattern. */
export function traceRequests(traces: Pick<Traces, 'request'>): Step {
  return async (ctx, next) => {
    if (UNTRACED.has(ctx.path)) return next();
    const span = traces.request((name) => ctx.get(name) || undefined);
    ctx.state.traceId = span.traceId;
    try {
      await next();
    } finally {
      const route = ctx._matchedRoute === undefined ? undefined : String(ctx._matchedRoute);
      span.end({ method: ctx.method, route, status: ctx.status });
    }
  };
}
