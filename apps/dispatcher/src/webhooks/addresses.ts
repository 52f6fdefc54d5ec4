import { type LookupAddress, type LookupOptions, lookup } from 'node:dns';
import { isIP } from 'node:net';
import ipaddr from 'ipaddr.js';

type Range = [ipaddr.IPv4 | ipaddr.IPv6, number];
type Answered = (error: Error | null, address: string | LookupAddress[], family?: number) => void;

/** Returns a range of addresses such as `10.0.0.0/8`. @throws what `ipaddr.js` throws for another text */
export function parseRange(text: string): Range {
  return ipaddr.parseCIDR(text);
}

/**
 * The addresses to which webhooks may be sent: public ones, and the ranges that the operator allows. Endpoints are chosen by programs, so
 * private, loopback, link-local and other special addresses (the metadata of clouds) are refused.
 */
export class AllowedAddresses {
  constructor(private readonly ranges: readonly Range[]) {}

  allows(address: string): boolean {
    if (!ipaddr.isValid(address)) return false;
    // An IPv4 address within an IPv6 address counts as that.
    const parsed = ipaddr.process(address);
    if (parsed.range() === 'unicast') return true;
    return this.ranges.some(([range, bits]) => range.kind() === parsed.kind() && parsed.match(range, bits));
  }

  /** Why a host may not be connected to, if its name tells; undefined otherwise. Names are checked by {@link lookup}. */
  refusal(url: URL): string | undefined {
    const host = url.hostname.replace(/^\[|\]$/g, '');
    return isIP(host) !== 0 && !this.allows(host) ? notAllowed(host) : undefined;
  }

  /** Resolves a name to allowed addresses only. Sockets connect to what it returns, so a name cannot change its meaning in between. */
  readonly lookup = (hostname: string, options: LookupOptions, done: Answered): void => {
    lookup(hostname, { ...options, all: true }, (error, found) => {
      if (error !== null) return done(error, []);
      const allowed = found.filter(({ address }) => this.allows(address));
      const [first] = allowed;
      if (first === undefined) return done(new Error(notAllowed(hostname)), []);
      if (options.all === true) done(null, allowed);
      else done(null, first.address, first.family);
    });
  };
}

function notAllowed(host: string): string {
  return `${host} is not a public address: WEBHOOK_ALLOW_ADDRESSES does not allow it`;
}
