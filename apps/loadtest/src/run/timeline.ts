import type { Latency, Moment } from '../result.js';
import { Histogram } from './histogram.js';
import type { Tick } from './ipc.js';

/** Combines what the workers did in each second. */
export class Timeline {
  readonly moments: Moment[] = [];
  readonly #waiting = new Map<number, Tick[]>();

  constructor(
    private readonly workers: number,
    private readonly onMoment: (moment: Moment) => void,
  ) {}

  add(tick: Tick): void {
    const ticks = [...(this.#waiting.get(tick.second) ?? []), tick];
    this.#waiting.set(tick.second, ticks);
    if (ticks.length < this.workers) return;
    this.#waiting.delete(tick.second);
    const moment = merge(ticks);
    this.moments.push(moment);
    this.onMoment(moment);
  }
}

function merge(ticks: readonly Tick[]): Moment {
  const sum = (pick: (tick: Tick) => number): number => ticks.reduce((total, tick) => total + pick(tick), 0);
  const worst = (pick: (tick: Tick) => number): number => Math.max(...ticks.map(pick));
  return {
    at: (ticks[0]?.second ?? 0) + 1,
    connections: sum((tick) => tick.connections),
    connected: sum((tick) => tick.connected),
    connectFailures: sum((tick) => tick.connectFailures),
    sent: sum((tick) => tick.sent),
    acked: sum((tick) => tick.acked),
    delivered: sum((tick) => tick.delivered),
    reconnects: sum((tick) => tick.reconnects),
    ackMs: mergeLatency(ticks.map((tick) => tick.ackMs)),
    deliveryMs: mergeLatency(ticks.map((tick) => tick.deliveryMs)),
    toolDelayMs: worst(({ strain }) => strain.delayMs),
    toolBusy: worst(({ strain }) => strain.busy),
  };
}

/** Adds up encoded histograms. */
export function mergeLatency(encoded: ReadonlyArray<string | undefined>): Latency | undefined {
  const all = new Histogram();
  for (const one of encoded) if (one !== undefined) all.add(one);
  return all.latency();
}
