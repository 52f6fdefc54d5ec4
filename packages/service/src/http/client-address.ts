import { isIP } from 'node:net';
import ipaddr from 'ipaddr.js';

/**
 * Address against which a client's attempts and connections are counted. Gateway and API share this function.
 *
 * - IPv4: the address. An IPv6 address that only wraps one (`::ffff:198.51.100.7`) is that IPv4 address.
 * - IPv6: the first 64 bits, written as four groups. Providers assign at least a /64 to each customer, so a limit on
 *   single addresses would limit nothing. Zone ids are ignored.
 *
 * @param remoteAddress address of the connection itself
 * @param forwardedFor `X-Forwarded-For`, several headers joined with commas in their order. Each proxy appends the
 *   address of the connection that it accepted. Entries may have ports and brackets: `203.0.113.7:5071`, `[2001:db8::1]:443`.
 * @param trustedProxies number of proxies in front that append to the header; 0 ignores it. The client wrote what
 *   stands before their entries. In a header with fewer entries the first one counts. An entry that is no address
 *   ends the walk: the proxy that wrote it is then the client.
 */
export function clientAddress(
  remoteAddress: string,
  forwardedFor: string | undefined,
  trustedProxies: number,
): string {
  let address = remoteAddress;
  let end = forwardedFor?.length ?? 0;
  // From the right: the header's length is the client's choice.
  for (let hop = 0; hop < trustedProxies && end > 0; hop++) {
    const comma = forwardedFor?.lastIndexOf(',', end - 1) ?? -1;
    const entry = addressOf(forwardedFor?.slice(comma + 1, end) ?? '');
    if (entry === undefined) break;
    address = entry;
    end = comma;
  }
  return canonical(address);
}

/** `203.0.113.7:5071`, or an IPv6 address in brackets with or without a port. */
const DECORATED = /^(?:\[([^\]]+)\](?::\d{1,5})?|([\d.]+):\d{1,5})$/;
/** Longer than any address with brackets, a port and a zone id. */
const MAX_ENTRY = 100;

function addressOf(entry: string): string | undefined {
  if (entry.length > MAX_ENTRY) return undefined;
  const text = entry.trim();
  const [, ipv6, ipv4] = DECORATED.exec(text) ?? [];
  const address = ipv6 ?? ipv4 ?? text;
  return isIP(address) === 0 ? undefined : address;
}

function canonical(address: string): string {
  if (isIP(address) !== 6) return address;
  const [plain = ''] = address.split('%');
  const parsed = ipaddr.IPv6.parse(plain);
  if (parsed.isIPv4MappedAddress()) return parsed.toIPv4Address().toString();
  return parsed.parts
    .slice(0, 4)
    .map((part) => part.toString(16))
    .join(':');
}
