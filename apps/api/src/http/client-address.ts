import { isIP } from 'node:net';
import type { Context } from './context.js';

/**
 * Whom attempts are counted against: the client's IPv4 address, or the first half of its IPv6
 * address, since whoever has one has the whole subnet. Koa takes it from `X-Forwarded-For` only as
 * far as `TRUST_PROXY` says; anything there that is no address is passed over.
 */
export function clientAddress(ctx: Context): string {
  const address = isIP(ctx.ip) === 0 ? (ctx.req.socket.remoteAddress ?? '') : ctx.ip;
  const mapped = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i.exec(address)?.[1];
  if (mapped !== undefined) return mapped;
  return isIP(address) === 6 ? subnet(address) : address;
}

/** The first 64 of an IPv6 address's 128 bits: its first four groups. */
function subnet(address: string): string {
  const [head = '', tail] = address.toLowerCase().split('::');
  const groups = head === '' ? [] : head.split(':');
  if (tail !== undefined) {
    const after = tail === '' ? [] : tail.split(':');
    while (groups.length + after.length < 8) groups.push('0');
    groups.push(...after);
  }
  return groups
    .slice(0, 4)
    .map((group) => Number.parseInt(group, 16).toString(16))
    .join(':');
}
