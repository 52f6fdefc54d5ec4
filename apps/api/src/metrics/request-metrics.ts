import { performance } from 'node:perf_hooks';
import type { LabelledObservations, Metrics, Tally } from '@chorus/service';
import type { Context, Step } from '../http/context.js';

/** Others are one: a client may make up any number of them. */
const METHODS = new Set(['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS']);
const OTHER = 'other';
/** What no route is for. */
const UNMATCHED = 'unmatched';

/** Seconds. From an answer out of memory to a sign-in that waits in a long queue. */
const BUCKETS = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10];

/** Counts requests by the pattern of their route, of which there are few, never by their path. */
export class RequestMetrics {
  readonly #requests: Tally<'method' | 'route' | 'status'>;
  readonly #seconds: LabelledObservations<'method' | 'route'>;

  constructor(metrics: Metrics) {
    this.#requests = metrics.tally(
      'chorus_api_requests_total',
      ['method', 'route', 'status'],
      'Requests answered, by the pattern of their route ("unmatched": there is none) and status.',
    );
    this.#seconds = metrics.histogramBy(
      'chorus_api_request_seconds',
      ['method', 'route'],
      'Time from a request to its answer, in seconds, by the pattern of its route.',
      BUCKETS,
    );
  }

  /** What every request passes first. */
  readonly step: Step = async (ctx, next) => {
    const startedAt = performance.now();
    await next();
    const labels = { method: METHODS.has(ctx.method) ? ctx.method : OTHER, route: routeOf(ctx) };
    this.#requests.inc({ ...labels, status: String(ctx.status) });
    this.#seconds.observe(labels, (performance.now() - startedAt) / 1_000);
  };

  /** What came was no request that could be read; it was answered with that status. */
  readonly refused = (status: number): void => {
    this.#requests.inc({ method: OTHER, route: UNMATCHED, status: String(status) });
  };
}

function routeOf(ctx: Context): string {
  return ctx._matchedRoute === undefined ? UNMATCHED : String(ctx._matchedRoute);
}
