import * as service from '@chorus/service';
import type { Context } from './context.js';

/** Whom attempts are counted against; as far as `TRUST_PROXY` says the proxies in front are believed. */
export function clientAddress(ctx: Context): string {
  const { remoteAddress = '' } = ctx.req.socket;
  const trustedProxies = ctx.app.proxy ? (ctx.app.maxIpsCount ?? 0) : 0;
  return service.clientAddress(remoteAddress, ctx.get('X-Forwarded-For'), trustedProxies);
}
