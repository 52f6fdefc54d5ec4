import { type LookupAddress, type LookupOptions, lookup } from 'node:dns';
import { isIP } from 'node:net';
import ipaddr from 'ipaddr.js';

type Range = [ipaddr.IPv4 | ipaddr.IPv6, number];
/** Names of the machine itself (RFC 6761), and its addresses. */
const LOCALHOST = /(^|\.)localhost\.?$/;
const LOOPBACK = ['127.0.0.1', '::1'];

type Answered = (error: Error | null, address: string | LookupAddress[], family?: number) => void;

/** Whether a text is a range of addresses such as `10.0.0.0/8`. */
export function isAddressRange(text: string): boolean {
  return ipaddr.isValidCIDR(text);
}

/**
 * The addresses to which webhooks may be sent: public ones, and the ranges that the operator allows. Endpoints are chosen by programs, so
 * private, loopback, link-local and other special addresses (the metadata of clouds) are refused.
 */
export class AllowedAddresses {
  readonly #ranges: readonly Range[];

  /** @param ranges as {@link isAddressRange} accepts them */
  constructor(ranges: readonly string[]) {
    this.#ranges = ranges.map((text) => ipaddr.parseCIDR(text));
  }

  allows(address: string): boolean {
    if (!ipaddr.isValid(address)) return false;
    // An IPv4 address within an IPv6 address counts as that.
    const parsed = ipaddr.process(address);
    if (parsed.range() === 'unicast') return true;
    return this.#ranges.some(([range, bits]) => range.kind() === parsed.kind() && parsed.match(range, bits));
  }

  /** Why a host may not be connected to, if its name tells; undefined otherwise. Other names are checked by {@link lookup}. */
  refusal(url: URL): string | undefined {
    const host = url.hostname.replace(/^\[|\]$/g, '');
    const known = isIP(host) !== 0 ? [host] : LOCALHOST.test(host) ? LOOPBACK : undefined;
    return known === undefined || known.some((address) => this.allows(address))
      ? undefined
      : notAllowed(host);
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
