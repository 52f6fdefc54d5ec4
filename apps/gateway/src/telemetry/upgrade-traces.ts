import type { Traces } from '@chorus/service';
import { routeOf } from '../routes.js';
import type { Decision, TransportHandlers } from '../transport/transport.js';

const SWITCHING_PROTOCOLS = 101;
const INTERNAL_ERROR = 500;

/** Wraps `handlers` and records a span of each upgrade, from the request to the decision. */
export function traceUpgrades(
  handlers: TransportHandlers,
  traces: Pick<Traces, 'request'>,
): TransportHandlers {
  return {
    ...handlers,
    upgrade(request) {
      const span = traces.request((name) => request.header(name));
      const end = (status: number): void =>
        span.end({ method: request.method, route: routeOf(request.path), status });
      const decided = (decision: Decision): Decision => {
        end(decision.accepted ? SWITCHING_PROTOCOLS : decision.answer.status);
        return decision;
      };
      const failed = (error: unknown): never => {
        end(INTERNAL_ERROR);
        throw error;
      };
      try {
        const decision = handlers.upgrade(request);
        return decision instanceof Promise ? decision.then(decided, failed) : decided(decision);
      } catch (error) {
        return failed(error);
      }
    },
  };
}
