import { readFileSync } from 'node:fs';
import type { Closeable } from '@chorus/service';

/** A real load balancer between the tool and the gateways. */
export interface RealBalancer extends Closeable {
  /** Program and version. */
  readonly name: string;
  /** `ws://` URLs, one per process, as several may be needed to hold all connections. */
  readonly targets: readonly string[];
  /**
   * Sends new sockets only to these gateways; open ones stay where they are. Resolves when that holds.
   * @throws {StartError} when the balancer does not reach that state
   */
  route(gateways: readonly BackendGateway[]): Promise<void>;
}

export interface BackendGateway {
  readonly nodeId: string;
  /** On 127.0.0.1. */
  readonly port: number;
}

export interface BalancerOptions {
  /** All gateways that will ever run. */
  readonly gateways: readonly BackendGateway[];
  /**
   * Whether it knows all of them from the start and skips those that are missing. Otherwise it learns of them when
   * sockets must go there, which makes some balancers forget what they knew of the others.
   */
  readonly spares: boolean;
  /** Largest number of concurrent sockets. */
  readonly connections: number;
  /** How new sockets are balance over gateways. Default: `leastconn`. */
  readonly balance?: Balance | undefined;
}

/** `roundrobin` ignores how many sockets each gateway has. */
export type Balance = 'leastconn' | 'roundrobin';

/** Descriptors that a balancer's process needs besides its sockets. */
const OTHER_DESCRIPTORS = 200;
/** Assumed limit per process where the system reports none. */
const USUAL_DESCRIPTORS = 1_024;

/** Returns the number of descriptors that a process started from here may open. */
export function descriptorLimit(): number {
  try {
    const limit = Number(
      /^Max open files\s+\d+\s+(\d+)/m.exec(readFileSync('/proc/self/limits', 'utf8'))?.[1],
    );
    return Number.isNaN(limit) ? USUAL_DESCRIPTORS : limit;
  } catch {
    return USUAL_DESCRIPTORS;
  }
}

/**
 * Returns the number of processes for a number of sockets, with two descriptors each, and the sockets of each
 * process.
 */
export function processesFor(connections: number): { processes: number; each: number } {
  const each = Math.floor((descriptorLimit() - OTHER_DESCRIPTORS) / 2);
  return { processes: Math.ceil(connections / each), each };
}
