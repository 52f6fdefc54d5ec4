import type { OriginPolicy } from '@chorus/service';
import cors from '@koa/cors';
import type { Middleware } from 'koa';

/**
 * Allows pages of other origins to read responses (CORS). The response names a listed origin, whose pages may send
 * cookies. Origins allowed only by `*` or `null` get `*` without credentials, so that a browser never shows such a
 * page a response to a request that had a cookie.
 */
export function allowOrigins(policy: OriginPolicy): Middleware {
  const common = {
    allowMethods: 'GET,HEAD,POST,PUT,PATCH,DELETE',
    allowHeaders: 'Authorization,Content-Type,Idempotency-Key,X-Request-Id',
    exposeHeaders: 'Link,Location,Retry-After,X-Request-Id',
    maxAge: 600,
  };
  const listed = cors({ ...common, credentials: true, origin: (ctx) => ctx.get('Origin') });
  const any = cors({ ...common, credentials: false, origin: '*' });
  return (ctx, next) => {
    switch (policy.judge((name) => ctx.get(name))) {
      case 'listed':
        return listed(ctx, next);
      case 'any':
        return any(ctx, next);
      default:
        ctx.vary('Origin');
        return next();
    }
  };
}
