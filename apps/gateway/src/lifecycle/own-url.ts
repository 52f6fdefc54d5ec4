import { isIPv6 } from 'node:net';
import { type NetworkInterfaceInfo, networkInterfaces } from 'node:os';

/** Listening addresses that mean "all addresses of this machine". */
const ANY = new Set(['0.0.0.0', '::', '']);

/**
 * URL at which other gateways reach the port of this one: its listening address or, if it listens on all, the first
 * reachable address of the machine. In a container that is the container's address, in Kubernetes the pod's.
 *
 * @returns undefined if there is none
 */
export function ownUrl(host: string, port: number, interfaces = networkInterfaces()): string | undefined {
  const address = ANY.has(host) ? firstReachable(interfaces) : host;
  if (address === undefined) return undefined;
  return `http://${isIPv6(address) ? `[${address}]` : address}:${port}`;
}

function firstReachable(interfaces: NodeJS.Dict<NetworkInterfaceInfo[]>): string | undefined {
  const addresses = Object.values(interfaces)
    .flatMap((some) => some ?? [])
    .filter(({ internal, address }) => !internal && !address.toLowerCase().startsWith('fe80:'));
  const found = addresses.find(({ family }) => family === 'IPv4') ?? addresses[0];
  return found?.address;
}
