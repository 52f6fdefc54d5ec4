import { performance } from 'node:perf_hooks';
import type { LabelledObservations, Metrics, Tally } from '@chorus/service';
import type { Context, Step } from '../http/context.js';

/** All other methods share one label value, because clients can invent any number of them. */
const METHODS = new Set(['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS']);
const OTHER = 'other';
/** Label value of requests without a route. */
const UNMATCHED = 'unmatched';

/** In seconds: from a response out of memory to a sign-in in a long queue. */
const BUCKETS = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10];

/** Counts requests by the pattern of their route, never by their path: patterns are few. */
export class RequestMetrics {
  readonly #requests: Tally<'method' | 'route' | 'status'>;
  readonly #seconds: LabelledObservations<'method' | 'route'>;

  constructor(metrics: Metrics) {
    this.#requests = metrics.tally(
      'chorus_api_requests_total',
      ['method', 'route', 'status'],
      'Answered requests, by method, pattern of the route ("unmatched" without a route) and status.',
    );
    this.#seconds = metrics.histogramBy(
      'chorus_api_request_seconds',
      ['method', 'route'],
      'Time from the headers of a request to its response, in seconds, by method and pattern of the route.',
      BUCKETS,
    );
  }

  /** Must be the first middleware. */
  readonly step: Step = async (ctx, next) => {
    const startedAt = performance.now();
    await next();
    const labels = { method: METHODS.has(ctx.method) ? ctx.method : OTHER, route: routeOf(ctx) };
    this.#requests.inc({ ...labels, status: String(ctx.status) });
    this.#seconds.observe(labels, (performance.now() - startedAt) / 1_000);
  };

  /** Counts an unreadable request that was answered with this status. */
  readonly refused = (status: number): void => {
    this.#requests.inc({ method: OTHER, route: UNMATCHED, status: String(status) });
  };
}

function routeOf(ctx: Context): string {
  return ctx._matchedRoute === undefined ? UNMATCHED : String(ctx._matchedRoute);
}
