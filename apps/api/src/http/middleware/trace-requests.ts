import type { Traces } from '@chorus/service';
import type { Step } from '../context.js';

/** Asked every few seconds by whoever watches the process; nobody wants to see traces of that. */
const UNTRACED: ReadonlySet<string> = new Set(['/livez', '/readyz', '/metrics']);

/** Makes a span of each request, named by the route's pattern. */
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
