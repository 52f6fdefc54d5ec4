import { networkInterfaces } from 'node:os';

/** The loopback addresses of this machine, as URLs have them: of IPv4, and of IPv6 if it has that. */
export const loopbackHosts: readonly string[] = Object.values(networkInterfaces())
  .flat()
  .flatMap((address) => {
    if (address?.address === '127.0.0.1') return '127.0.0.1';
    return address?.address === '::1' ? '[::1]' : [];
  });

/** The same port at each loopback address instead of `localhost`. */
export const throughLoopback = (url: string): readonly string[] =>
  loopbackHosts.map((host) => url.replace('localhost', host));
