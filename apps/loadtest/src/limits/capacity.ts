import { readFileSync } from 'node:fs';
import { openFilesLimit } from '@chorus/service';
import type { Scenario } from '../scenario.js';
import { isLoopback4 } from './targets.js';

/** Limits of the machine. */
export interface Machine {
  /** Files and sockets that a process may have open; undefined if unknown. */
  readonly descriptors: number | undefined;
  /** Ports for outgoing connections of one address. */
  readonly ports: number;
  /** Whether all of 127.0.0.0/8 belongs to this machine without configuration. */
  readonly anyLoopback: boolean;
}

/** Descriptors that a process needs besides its connections. */
const OTHER_DESCRIPTORS = 64;
/** Connections per source address: below the number of ports, and below what gateways allow one address. */
const PER_SOURCE = 4_000;
const MAX_SOURCES = 200;

/** Assumed where the range cannot be read: what IANA's port registry recommends. */
const DEFAULT_PORTS = 16_384;

export function readMachine(): Machine {
  return {
    descriptors: openFilesLimit(),
    ports: outgoingPorts(),
    anyLoopback: process.platform === 'linux',
  };
}

function outgoingPorts(): number {
  try {
    const [first, last] = readFileSync('/proc/sys/net/ipv4/ip_local_port_range', 'utf8').split(/\s+/);
    return Number(last) - Number(first) + 1;
  } catch {
    return DEFAULT_PORTS;
  }
}

export interface Capacity {
  /** The scenario, with source addresses of this machine where one is not enough and more are available. */
  readonly scenario: Scenario;
  /** What does not fit, and the remedy; one line each. */
  readonly problems: readonly string[];
}

/** Compares the needs of a scenario with the machine. */
export function checkCapacity(scenario: Scenario, machine: Machine): Capacity {
  const problems: string[] = [];
  const { connections, workers, targets } = scenario;
  const perWorker = Math.ceil(connections / workers);
  const { descriptors } = machine;
  if (descriptors !== undefined && perWorker + OTHER_DESCRIPTORS > descriptors) {
    const wanted = Math.ceil(connections / Math.max(1, descriptors - OTHER_DESCRIPTORS));
    problems.push(
      `--workers ${workers}: a process may open ${descriptors} files and needs ${perWorker + OTHER_DESCRIPTORS}; use --workers ${wanted}, or raise the limit (ulimit -n)`,
    );
  }
  const sources = scenario.sourceAddresses.length > 0 ? scenario.sourceAddresses : defaultSources();
  // With a given source, the system chooses a port before it knows the destination.
  const perPort = sources.length > 0 ? connections : Math.ceil(connections / targets.length);
  const capacity = Math.max(1, sources.length) * machine.ports;
  if (perPort > capacity) {
    const wanted = Math.ceil(connections / machine.ports);
    problems.push(
      `--connections ${connections}: one address has ${machine.ports} ports for outgoing connections; name ${wanted} with --source-address`,
    );
  }
  return { scenario: { ...scenario, sourceAddresses: [...sources] }, problems };

  function defaultSources(): string[] {
    if (!machine.anyLoopback || !targets.every(isLoopback4)) return [];
    const count = Math.min(MAX_SOURCES, Math.ceil(connections / PER_SOURCE));
    return count < 2 ? [] : Array.from({ length: count }, (_, index) => `127.0.0.${index + 1}`);
  }
}
