import { readFileSync } from 'node:fs';
import type { Closeable } from '@chorus/service';

/** A load balancer as people run it, between the tool and the gateways. */
export interface RealBalancer extends Closeable {
  /** Program and version. */
  readonly name: string;
  /** `ws://` URLs, one for each process that one could not hold all connections without. */
  readonly targets: readonly string[];
  /**
   * New sockets go to these gateways from now on and to no others; those that are open stay where they are. Resolves when
   * that holds.
   * @throws {StartError} when the balancer does not get there
   */
  route(gateways: readonly BackendGateway[]): Promise<void>;
}

export interface BackendGateway {
  readonly nodeId: string;
  /** On 127.0.0.1. */
  readonly port: number;
}

export interface BalancerOptions {
  /** All gateways that there will ever be. */
  readonly gateways: readonly BackendGateway[];
  /**
   * It knows all of them from the beginning, and passes those by that are not there. Else it only learns of them when
   * sockets are to go there, which costs some balancers what they knew of the others.
   */
  readonly spares: boolean;
  /** Sockets that it has to hold at a time. */
  readonly connections: number;
}

/** What a balancer's process opens besides its sockets. */
const OTHER_DESCRIPTORS = 200;
/** So many a process where the system does not say. */
const USUAL_DESCRIPTORS = 1_024;

/** Descriptors that a process started from here may open. */
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

/** How many processes it takes to hold so many sockets, with two descriptors each, and how many one holds. */
export function processesFor(connections: number): { processes: number; each: number } {
  const each = Math.floor((descriptorLimit() - OTHER_DESCRIPTORS) / 2);
  return { processes: Math.ceil(connections / each), each };
}
