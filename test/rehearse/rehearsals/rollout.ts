import { setTimeout as sleep } from 'node:timers/promises';
import type { BalancerKind } from '../balancer/index.js';
import { atMost, type Check, equal, harmless, mostReconnects, peakReconnects } from '../report/checks.js';
import type { GatewayProcess } from './gateway-process.js';
import { type Company, type Load, type Performance, perform, roomsFor, type Scene } from './perform.js';
import { type Stage, startStage } from './stage.js';
import { type Stopped, stopGateways } from './stop-gateways.js';

export interface RolloutOptions {
  readonly load: Load;
  readonly gateways: number;
  readonly balancer: BalancerKind;
  /** Settings of the gateways, in milliseconds. */
  readonly drainDelayMs: number;
  readonly drainMs: number;
  /** Replaces one gateway after the other instead of all together. */
  readonly oneByOne: boolean;
  /** Undisturbed time before and after, in milliseconds. */
  readonly quietMs: number;
  /** Signal that ends gateways; other signals than SIGTERM are for tests. */
  readonly stopSignal?: NodeJS.Signals;
}

export interface RolloutOutcome extends Performance {
  readonly options: RolloutOptions;
  readonly balancer: string;
  readonly readyMs: readonly number[];
  readonly stopped: readonly Stopped[];
  /** Sockets that draining gateways close per second, all together. */
  readonly pace: number;
}

/** Smallest number of sockets that a draining gateway closes per second (its `drain` module). */
const LEAST_PER_SECOND = 100;
/** Allowed factor of peaks above the pace. */
const PEAK = 1.5;
/** Time that a gateway may take beyond its delay and its drain, in milliseconds. */
const END_MS = 5_000;
const RETURN_MS = 30_000;
/** Validity of tokens for everything before and after, in seconds. */
const SPARE_SECONDS = 900;

/** Replaces all gateways under load. @throws {StartError} {LoadError} when it cannot be tried */
export async function rehearseRollout(options: RolloutOptions, company: Company): Promise<RolloutOutcome> {
  const { load, gateways, drainDelayMs, drainMs } = options;
  const seconds = (gateways * (drainDelayMs + drainMs)) / 1_000;
  const stage = await startStage({
    balancer: options.balancer,
    connections: load.connections,
    rooms: roomsFor(load),
    gateways: gateways * 2,
    spares: false,
    seconds: Math.ceil(seconds + load.connections / load.ramp + SPARE_SECONDS),
    settings: { DRAIN_DELAY_MS: String(drainDelayMs), DRAIN_MS: String(drainMs) },
  });
  try {
    const old = await stage.startGateways(gateways);
    await stage.balancer.route(old);
    const rollout = new Rollout(stage, options, old);
    const performance = await perform(stage, load, (scene) => rollout.act(scene), company);
    const { readyMs, stopped } = rollout;
    const paces = stopped.map(({ connections }) => paceOf(connections, drainMs));
    const pace = options.oneByOne ? Math.max(...paces) : paces.reduce((sum, one) => sum + one, 0);
    return { ...performance, options, balancer: stage.balancer.name, readyMs, stopped, pace };
  } finally {
    await stage.close();
  }
}

/** @returns sockets per second that a gateway with this number of connections closes */
export function paceOf(connections: number, drainMs: number): number {
  return Math.max(LEAST_PER_SECOND, (connections * 1_000) / Math.max(1, drainMs));
}

class Rollout {
  readonly readyMs: number[] = [];
  readonly stopped: Stopped[] = [];

  constructor(
    private readonly stage: Stage,
    private readonly options: RolloutOptions,
    private readonly old: readonly GatewayProcess[],
  ) {}

  async act(scene: Scene): Promise<void> {
    const { options, old } = this;
    await sleep(options.quietMs);
    const groups = options.oneByOne ? old.map((gateway) => [gateway]) : [old];
    let serving = [...old];
    for (const group of groups) {
      scene.note(`starting ${group.length} new`);
      const fresh = await this.stage.startGateways(group.length);
      this.readyMs.push(...fresh.map(({ readyMs }) => readyMs));
      serving.push(...fresh);
      await this.stage.balancer.route(serving);
      serving = serving.filter((gateway) => !group.includes(gateway));
      scene.note(`stopping ${group.map(({ nodeId }) => nodeId).join(', ')}`);
      this.stopped.push(...(await stopGateways(this.stage, group, serving, options.stopSignal)));
      scene.note('they have ended');
    }
    const { connections } = options.load;
    await scene.until(({ connected }) => connected === connections, RETURN_MS);
    await sleep(options.quietMs);
  }
}

export function rolloutChecks(outcome: RolloutOutcome): Check[] {
  const { result, options, stopped, pace } = outcome;
  const { drainDelayMs, drainMs, gateways, oneByOne } = options;
  const longest = Math.max(0, ...stopped.map(({ tookMs }) => tookMs));
  return [
    ...harmless(
      result,
      stopped.map(({ exit }) => exit),
    ),
    equal('gateways replaced', gateways, stopped.length),
    equal('clients that did not have to move', 0, result.resumes.perConnection[0] ?? 0),
    // A client that moves to a gateway that is still to be replaced has to move again.
    atMost('reconnects of any client', oneByOne ? gateways : 1, mostReconnects(result)),
    atMost('reconnects in any second', Math.floor(pace * PEAK), peakReconnects(result)),
    atMost('longest end of a gateway', (drainDelayMs + drainMs + END_MS) / 1_000, longest / 1_000, ' s'),
  ];
}
