import { holdsKey } from '@chorus/auth';
import { Refusal } from '@chorus/protocol';
import type { Logger, OriginPolicy, Traces } from '@chorus/service';
import type { Router } from '@koa/router';
import Koa from 'koa';
import helmet from 'koa-helmet';
import type { RequestState, Step } from './context.js';
import { allowOrigins } from './middleware/allow-origins.js';
import { formatErrors } from './middleware/format-errors.js';
import { requestLog } from './middleware/request-log.js';
import { traceRequests } from './middleware/trace-requests.js';

export interface HttpOptions {
  /** Origins whose pages may read responses; undefined for none. */
  readonly origins?: OriginPolicy;
  /** Number of trusted proxies that append to `X-Forwarded-For`. Earlier addresses in it are not trusted. */
  readonly trustedProxies: number;
  /**
   * Whether `Strict-Transport-Security` includes subdomains, which other services may use without TLS. Default: no.
   */
  readonly hstsIncludeSubDomains?: boolean;
  /** First middleware: sees every request and its response. */
  readonly measure?: Step;
  /** Middleware that can answer before {@link guard}. */
  readonly open?: readonly Step[];
  /** Middleware that every other request must pass, even if no route matches. */
  readonly guard?: Step;
}

/** Builds the middleware chain in front of the routes. */
export function koaApp(
  router: Router<RequestState>,
  options: HttpOptions,
  log: Logger,
  traces?: Traces,
): Koa<RequestState> {
  const app = new Koa<RequestState>({
    proxy: options.trustedProxies > 0,
    maxIpsCount: options.trustedProxies,
  });
  // Failures outside of the middleware, such as a response that could not be written.
  app.on('error', (error: Error) => log.warn({ error: error.message }, 'response failed'));
  if (options.measure !== undefined) app.use(options.measure as Koa.Middleware<RequestState>);
  if (traces !== undefined) app.use(traceRequests(traces) as Koa.Middleware<RequestState>);
  app.use(requestLog(log) as Koa.Middleware<RequestState>);
  app.use(formatErrors as Koa.Middleware<RequestState>);
  // The API serves no pages under this policy.
  const contentSecurityPolicy = {
    useDefaults: false,
    directives: { defaultSrc: ["'none'"], frameAncestors: ["'none'"] },
  };
  const strictTransportSecurity = { includeSubDomains: options.hstsIncludeSubDomains ?? false };
  app.use(helmet({ contentSecurityPolicy, strictTransportSecurity }));
  if (options.origins !== undefined) app.use(allowOrigins(options.origins) as Koa.Middleware<RequestState>);
  for (const step of options.open ?? []) app.use(step as Koa.Middleware<RequestState>);
  if (options.guard !== undefined) app.use(options.guard as Koa.Middleware<RequestState>);
  app.use(preparePath as Koa.Middleware<RequestState>);
  app.use(router.routes());
  app.use(router.allowedMethods());
  return app;
}

const preparePath: Step = (ctx, next) => {
  // Responses depend on the user, and some set cookies.
  ctx.set('Cache-Control', 'no-store');
  if (holdsKey(ctx.originalUrl)) throw new Refusal('key_in_url');
  try {
    decodeURIComponent(ctx.path);
  } catch {
    throw new Refusal('invalid_path');
  }
  return next();
};
