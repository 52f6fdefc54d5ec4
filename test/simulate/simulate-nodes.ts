import { setTimeout as sleep } from 'node:timers/promises';
import { startRedis } from '@chorus/local';
import { Closer, StartError } from '@chorus/service';
import { type GatewayRedis, openGatewayRedis } from '../support/servers/gateway-redis.js';
import { Host } from './host/host.js';
import type { HostState } from './host/tasks.js';
import type { SimulationOptions } from './options.js';
import { type RedisWork, redisWork } from './redis-work.js';

/** Work during one measurement, per second. */
export interface Measurement {
  readonly nodes: number;
  readonly phase: (typeof PHASES)[number];
  /** Processor time of Redis, in milliseconds per second. */
  readonly redisMs: number;
  /** Commands of Redis, those of scripts included. */
  readonly commands: number;
  /** Kilobytes that Redis sent. */
  readonly sentKb: number;
  /** Processor time of each gateway, in milliseconds per second; the mean of all. */
  readonly nodeMs: number;
  /** Calls per command. */
  readonly calls: Readonly<Record<string, number>>;
  /** Sockets that moved to another gateway. */
  readonly moved: number;
}

export const PHASES = ['idle', 'events', 'joins', 'rebalancing'] as const;

const PER_HOST = 25;
/** Time after the start for leases, copies of the access list and compiled code, in milliseconds. */
const SETTLE_MS = 5_000;
const READY_MS = 60_000;
const POLL_MS = 200;
/** A user without sockets: the event costs its way to every gateway, and nothing more. */
const UNKNOWN_USER = 2_000_000_000;
/** One gateway in this many is empty when rebalancing begins. */
const EMPTY = 4;

/**
 * Simulates each number of gateways with a Redis of its own.
 * @throws {StartError} when Redis or gateways do not start
 */
export async function simulateNodes(
  options: SimulationOptions,
  say: (line: string) => void,
  signal?: AbortSignal,
): Promise<Measurement[]> {
  const measurements: Measurement[] = [];
  for (const nodes of options.nodes) {
    signal?.throwIfAborted();
    say(`${nodes} gateways …`);
    measurements.push(...(await simulate(nodes, options, signal)));
  }
  return measurements;
}

async function simulate(
  nodes: number,
  options: SimulationOptions,
  signal: AbortSignal | undefined,
): Promise<Measurement[]> {
  const closer = new Closer();
  try {
    const server = closer.add(await startRedis());
    const prepared = closer.add(await openGatewayRedis(server.url));
    const nodeIds = Array.from({ length: nodes }, (_, at) => `gateway-${at + 1}`);
    const count = Math.ceil(nodes / PER_HOST);
    const hosts = Array.from({ length: count }, (_, at) =>
      closer.add(new Host(nodeIds.filter((_, index) => index % count === at))),
    );
    await Promise.all(
      hosts.map((host) => host.ask({ type: 'start', url: server.url, nodeIds: host.nodeIds })),
    );
    const cluster = new SimulatedCluster(nodes, hosts, prepared, options, signal);
    return await cluster.measureAll();
  } finally {
    await closer.close();
  }
}

class SimulatedCluster {
  constructor(
    private readonly nodes: number,
    private readonly hosts: readonly Host[],
    private readonly prepared: GatewayRedis,
    private readonly options: SimulationOptions,
    private readonly signal: AbortSignal | undefined,
  ) {}

  async measureAll(): Promise<Measurement[]> {
    const { sockets, events, joins } = this.options;
    await this.#until('ready', (states) => states.every(({ ready }) => ready));
    await this.#fill(() => sockets);
    await this.#sleep(SETTLE_MS);
    const idle = await this.#measure('idle');

    const announcing = setInterval(() => {
      this.prepared.directory
        .announce({ type: 'user-disconnected', userId: UNKNOWN_USER })
        .catch(() => undefined);
    }, 1_000 / events);
    const withEvents = await this.#measure('events').finally(() => clearInterval(announcing));

    const perSecond = joins / this.hosts.length;
    await Promise.all(this.hosts.map((host) => host.ask({ type: 'join', perSecond })));
    const withJoins = await this.#measure('joins');
    await Promise.all(this.hosts.map((host) => host.ask({ type: 'join', perSecond: 0 })));

    const moved = sum((await this.#read()).map(({ reconnectRequests }) => reconnectRequests));
    await this.#fill((at) => (at % EMPTY === 0 ? 0 : Math.ceil((sockets * EMPTY) / (EMPTY - 1))));
    await this.#until('rebalancing', (states) => sum(states.map((state) => state.reconnectRequests)) > moved);
    return [idle, withEvents, withJoins, await this.#measure('rebalancing')];
  }

  async #measure(phase: Measurement['phase']): Promise<Measurement> {
    const { redis } = this.prepared;
    const [work, states] = [await redisWork(redis), await this.#read()];
    await this.#sleep(this.options.seconds * 1_000);
    const [after, later] = [await redisWork(redis), await this.#read()];
    const seconds = (after.at - work.at) / 1_000;
    const grown = (read: (state: HostState) => number): number =>
      sum(later.map(read)) - sum(states.map(read));
    return {
      nodes: this.nodes,
      phase,
      redisMs: (after.micros - work.micros) / 1_000 / seconds,
      commands: (after.commands - work.commands) / seconds,
      sentKb: (after.sentBytes - work.sentBytes) / 1_000 / seconds,
      nodeMs: grown(({ micros }) => micros) / 1_000 / seconds / this.nodes,
      calls: callsPerSecond(work, after, seconds),
      moved: grown(({ reconnectRequests }) => reconnectRequests),
    };
  }

  async #fill(socketsOf: (at: number) => number): Promise<void> {
    for (const host of this.hosts) {
      await host.ask({ type: 'fill', sockets: host.nodeIds.map((_, at) => socketsOf(at)) });
    }
  }

  #read(): Promise<HostState[]> {
    return Promise.all(this.hosts.map((host) => host.ask({ type: 'read' })));
  }

  async #until(what: string, holds: (states: HostState[]) => boolean): Promise<void> {
    const deadline = performance.now() + READY_MS;
    while (!holds(await this.#read())) {
      if (performance.now() > deadline) throw new StartError(`the gateways are not ${what} in time`);
      await this.#sleep(POLL_MS);
    }
  }

  #sleep(ms: number): Promise<void> {
    return sleep(ms, undefined, this.signal === undefined ? {} : { signal: this.signal });
  }
}

function callsPerSecond(before: RedisWork, after: RedisWork, seconds: number): Record<string, number> {
  const calls = Object.entries(after.calls).map(
    ([name, count]) => [name, (count - (before.calls[name] ?? 0)) / seconds] as const,
  );
  return Object.fromEntries(calls.filter(([, count]) => count > 0).sort(([, a], [, b]) => b - a));
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, number) => total + number, 0);
}
