import { setTimeout as sleep } from 'node:timers/promises';
import type { Balance, BalancerKind } from '../balancer/index.js';
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
  /**
   * Time between two new gateways, in milliseconds: as soon as one is ready, an old one is told to end, as a Deployment
   * of Kubernetes does. 0: all together.
   */
  readonly staggerMs: number;
  /** DRAIN_HOLD_MS of the gateways, in milliseconds. */
  readonly holdMs: number;
  readonly balance: Balance;
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
  /** Time from the beginning of the rollout until the last gateway was told to end, in milliseconds. */
  readonly stoppingMs: number;
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
  const { load, gateways, drainDelayMs, drainMs, staggerMs, holdMs, balance } = options;
  const seconds = (gateways * (drainDelayMs + drainMs + staggerMs)) / 1_000;
  const stage = await startStage({
    balancer: options.balancer,
    balance,
    connections: load.connections,
    rooms: roomsFor(load),
    gateways: gateways * 2,
    spares: false,
    seconds: Math.ceil(seconds + load.connections / load.ramp + SPARE_SECONDS),
    settings: {
      DRAIN_DELAY_MS: String(drainDelayMs),
      DRAIN_MS: String(drainMs),
      DRAIN_HOLD_MS: String(holdMs),
    },
  });
  try {
    const old = await stage.startGateways(gateways, revision(options, 'old'));
    await stage.balancer.route(old);
    const rollout = new Rollout(stage, options, old);
    const performance = await perform(stage, load, (scene) => rollout.act(scene), company);
    const { readyMs, stopped, stoppingMs } = rollout;
    const paces = stopped.map(({ connections }) => paceOf(connections, drainMs));
    const pace = options.oneByOne ? Math.max(...paces) : paces.reduce((sum, one) => sum + one, 0);
    return { ...performance, options, balancer: stage.balancer.name, readyMs, stopped, stoppingMs, pace };
  } finally {
    await stage.close();
  }
}

/** @returns sockets per second that a gateway with this number of connections closes */
export function paceOf(connections: number, drainMs: number): number {
  return Math.max(LEAST_PER_SECOND, (connections * 1_000) / Math.max(1, drainMs));
}

/** A gateway that is replaced before the next one begins must not wait for that one: it does not know its revision. */
function revision({ oneByOne }: RolloutOptions, name: 'old' | 'new'): Record<string, string> {
  return oneByOne ? {} : { REVISION: name };
}

class Rollout {
  readonly readyMs: number[] = [];
  readonly stopped: Stopped[] = [];
  /** Time from the beginning of the rollout until the last gateway was told to end, in milliseconds. */
  stoppingMs = 0;

  constructor(
    private readonly stage: Stage,
    private readonly options: RolloutOptions,
    private readonly old: readonly GatewayProcess[],
  ) {}

  async act(scene: Scene): Promise<void> {
    const { options, old } = this;
    await sleep(options.quietMs);
    const groups = options.oneByOne || options.staggerMs > 0 ? old.map((gateway) => [gateway]) : [old];
    let serving = [...old];
    const endings: Promise<Stopped[]>[] = [];
    const began = performance.now();
    for (const group of groups) {
      scene.note(`starting ${group.length} new`);
      const fresh = await this.stage.startGateways(group.length, revision(options, 'new'));
      this.readyMs.push(...fresh.map(({ readyMs }) => readyMs));
      serving.push(...fresh);
      await this.stage.balancer.route(serving);
      serving = serving.filter((gateway) => !group.includes(gateway));
      scene.note(`stopping ${group.map(({ nodeId }) => nodeId).join(', ')}`);
      this.stoppingMs = performance.now() - began;
      const ending = stopGateways(this.stage, group, serving, options.stopSignal);
      endings.push(ending);
      if (options.staggerMs === 0) await ending;
      else await Promise.race([ending, sleep(options.staggerMs)]);
    }
    for (const stopped of await Promise.all(endings)) this.stopped.push(...stopped);
    scene.note('all have ended');
    const { connections } = options.load;
    await scene.until(({ connected }) => connected === connections, RETURN_MS);
    await sleep(options.quietMs);
  }
}

export function rolloutChecks(outcome: RolloutOutcome): Check[] {
  const { result, options, stopped, stoppingMs, pace } = outcome;
  const { drainDelayMs, drainMs, gateways, oneByOne, staggerMs, holdMs } = options;
  // The first one waits until all others were told, and until balancers have noticed the last one.
  const heldMs = staggerMs > 0 ? Math.min(holdMs, stoppingMs + drainDelayMs) : 0;
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
    atMost(
      'longest end of a gateway',
      (drainDelayMs + heldMs + drainMs + END_MS) / 1_000,
      longest / 1_000,
      ' s',
    ),
  ];
}
