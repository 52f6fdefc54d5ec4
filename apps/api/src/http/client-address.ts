import * as service from '@chorus/service';
import type { Context } from './context.js';

/** Returns the address against which attempts count, according to proxies that `TRUST_PROXY` trusts. */
export function clientAddress(ctx: Context): string {
  const { remoteAddress = '' } = ctx.req.socket;
  const trustedProxies = ctx.app.proxy ? (ctx.app.maxIpsCount ?? 0) : 0;
  return service.clientAddress(remoteAddress, ctx.get('X-Forwarded-For'), trustedProxies);
}
