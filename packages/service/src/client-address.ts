import { isIP } from 'node:net';

/**
 * Whom attempts and connections are counted against: the client's IPv4 address, or the first half of its IPv6
 * address, since whoever has one has the whole subnet.
 *
 * @param remoteAddress of the connection itself
 * @param forwardedFor the `X-Forwarded-For` header. Proxies append to it, and what stands before the addresses
 *   that the trusted ones appended is hearsay.
 * @param trustedProxies how many proxies in front append to it; 0 ignores the header. What is no address there
 *   is passed over in favour of the connection's.
 */
export function clientAddress(
  remoteAddress: string,
  forwardedFor: string | undefined,
  trustedProxies: number,
): string {
  const said = (trustedProxies > 0 && forwardedFor?.split(',').slice(-trustedProxies)[0]?.trim()) || '';
  const address = isIP(said) === 0 ? remoteAddress : said;
  return isIP(address) === 6 ? fromIPv6(address) : address;
}

function fromIPv6(address: string): string {
  const groups = groupsOf(address);
  const isMapped = groups.slice(0, 5).every((group) => group === 0) && groups[5] === 0xffff;
  if (isMapped)
    return groups
      .slice(6)
      .flatMap((group) => [group >> 8, group & 0xff])
      .join('.');
  return groups
    .slice(0, 4)
    .map((group) => group.toString(16))
    .join(':');
}

/** The eight numbers of an IPv6 address, however it is written. */
function groupsOf(address: string): number[] {
  const plain = address
    .replace(/%.*$/, '')
    .replace(/(\d+)\.(\d+)\.(\d+)\.(\d+)$/, (_, ...parts: string[]) => {
      const [a, b, c, d] = parts.map(Number) as [number, number, number, number];
      return `${(a * 256 + b).toString(16)}:${(c * 256 + d).toString(16)}`;
    });
  const [head = '', tail] = plain.split('::');
  const before = head === '' ? [] : head.split(':');
  const after = tail === undefined || tail === '' ? [] : tail.split(':');
  const gap = tail === undefined ? 0 : 8 - before.length - after.length;
  return [...before, ...Array<string>(gap).fill('0'), ...after].map((group) => Number.parseInt(group, 16));
}
