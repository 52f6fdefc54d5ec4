import type { Traces } from '@chorus/service';
import { routeOf } from '../routes.js';
import type { TransportHandlers } from '../transport/transport.js';

const SWITCHING_PROTOCOLS = 101;
const INTERNAL_ERROR = 500;

/** Wraps `handlers` and records a span of each upgrade, from the request to the decision. */
export function traceUpgrades(
  handlers: TransportHandlers,
  traces: Pick<Traces, 'request'>,
): TransportHandlers {
  return {
    ...handlers,
    async upgrade(request) {
      const span = traces.request((name) => request.header(name));
      let status = INTERNAL_ERROR;
      try {
        const decision = await handlers.upgrade(request);
        status = decision.accepted ? SWITCHING_PROTOCOLS : decision.answer.status;
        return decision;
      } finally {
        span.end({ method: request.method, route: routeOf(request.path), status });
      }
    },
  };
}
