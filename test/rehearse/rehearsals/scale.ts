import { setTimeout as sleep } from 'node:timers/promises';
import type { BalancerKind } from '../balancer/index.js';
import { atMost, type Check, equal, harmless } from '../report/checks.js';
import { LEVEL, levelAfter, levelSeconds, ratio, total } from '../report/level.js';
import { type Company, type Load, type Performance, perform, roomsFor, type Scene } from './perform.js';
import { startStage } from './stage.js';
import { type Stopped, stopGateways } from './stop-gateways.js';

export interface ScaleOptions {
  readonly load: Load;
  /** Gateways at the beginning and at the end. */
  readonly from: number;
  /** Gateways in between. */
  readonly to: number;
  readonly balancer: BalancerKind;
  readonly drainDelayMs: number;
  readonly drainMs: number;
  /** `REBALANCE_SHARE_PER_MINUTE`; 0 leaves `REBALANCE` off. */
  readonly sharePerMinute: number;
  /** Undisturbed time before and after, in milliseconds. */
  readonly quietMs: number;
}

export interface ScaleOutcome extends Performance {
  readonly options: ScaleOptions;
  readonly balancer: string;
  readonly readyMs: readonly number[];
  /** When the new gateways were ready and the balancer knew of them, in seconds since the run began. */
  readonly outAt: number;
  /** When they were removed again, in seconds since the run began. */
  readonly inAt: number;
  readonly stopped: readonly Stopped[];
}

const RETURN_MS = 30_000;
const REPORT_MS = 5_000;
/** Factor beyond the configured time: it matters whether they become level at all. */
const PATIENCE = 3;
/** Time that a gateway may take beyond its delay and its drain, in milliseconds. */
const END_MS = 5_000;
const SPARE_SECONDS = 900;

/** Adds gateways under load, waits until connections are level, and removes them again. */
export async function rehearseScale(options: ScaleOptions, company: Company): Promise<ScaleOutcome> {
  const { load, from, to, drainDelayMs, drainMs, sharePerMinute } = options;
  const stage = await startStage({
    balancer: options.balancer,
    connections: load.connections,
    rooms: roomsFor(load),
    gateways: to,
    // As in a deployment that scales: gateways are listed, or found by name.
    spares: true,
    seconds: Math.ceil(levelSeconds(options) * PATIENCE + load.connections / load.ramp + SPARE_SECONDS),
    settings: {
      DRAIN_DELAY_MS: String(drainDelayMs),
      DRAIN_MS: String(drainMs),
      ...(sharePerMinute === 0
        ? {}
        : { REBALANCE: 'auto', REBALANCE_SHARE_PER_MINUTE: String(sharePerMinute) }),
    },
  });
  try {
    const first = await stage.startGateways(from);
    await stage.balancer.route(first);
    const readyMs: number[] = [];
    const stopped: Stopped[] = [];
    let [outAt, inAt] = [0, 0];
    const act = async (scene: Scene): Promise<void> => {
      await sleep(options.quietMs);
      scene.note(`starting ${to - from} more`);
      const more = await stage.startGateways(to - from);
      readyMs.push(...more.map((gateway) => gateway.readyMs));
      await stage.balancer.route([...first, ...more]);
      outAt = scene.second();
      scene.note('they are ready');
      await scene.until(
        () => ratio(scene.spreads.at(-1), to) <= LEVEL,
        levelSeconds(options) * PATIENCE * 1_000,
      );
      scene.note('level, or waited long enough');
      // Until rebalancing ends, so that no client is moved twice by the next step.
      await sleep(options.quietMs);
      inAt = scene.second();
      scene.note(`stopping ${more.map(({ nodeId }) => nodeId).join(', ')}`);
      stopped.push(...(await stopGateways(stage, more, first)));
      scene.note('they have ended');
      await scene.until(({ connected }) => connected === load.connections, RETURN_MS);
      // Until gateways have reported it as well.
      await scene.until(() => total(scene.spreads.at(-1)) === load.connections, REPORT_MS);
      await sleep(options.quietMs);
    };
    const performance = await perform(stage, load, act, company);
    return { ...performance, options, balancer: stage.balancer.name, readyMs, outAt, inAt, stopped };
  } finally {
    await stage.close();
  }
}

export function scaleChecks(outcome: ScaleOutcome): Check[] {
  const { result, options, spreads, outAt, inAt, stopped } = outcome;
  const { from, to, load, drainDelayMs, drainMs, sharePerMinute } = options;
  const level = levelAfter(spreads, outAt, inAt, to);
  const after = spreads.at(-1);
  const back = Object.values(after?.connections ?? {});
  const longest = Math.max(0, ...stopped.map(({ tookMs }) => tookMs));
  return [
    ...harmless(
      result,
      stopped.map(({ exit }) => exit),
    ),
    // Without rebalancing there is no guarantee about the distribution.
    ...(sharePerMinute === 0
      ? []
      : [atMost('until all are level', levelSeconds(options), level ?? Number.POSITIVE_INFINITY, ' s')]),
    equal('gateways in the end', from, back.length),
    equal('connections in the end', load.connections, total(after)),
    atMost('longest end of a gateway', (drainDelayMs + drainMs + END_MS) / 1_000, longest / 1_000, ' s'),
  ];
}
