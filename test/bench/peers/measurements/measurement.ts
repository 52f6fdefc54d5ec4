import type { System } from '../systems/system.js';

/** Duration and size of a measurement. */
export interface Effort {
  /** Of each load, after the warm-up, in milliseconds. */
  readonly durationMs: number;
  readonly warmUpMs: number;
  /** Longest wait of a run for messages in flight at its end, in milliseconds. */
  readonly settleMs: number;
  /** Share of the connections of a full run, for measurements of connections. */
  readonly share: number;
}

/** Result of one run. */
export interface Sample {
  /** By name and unit, as in the table; undefined where it could not be measured. */
  readonly figures: Readonly<Record<string, number | undefined>>;
  /** Why the figures may mislead: losses, the tool as bottleneck, … */
  readonly marks: readonly string[];
}

/** One kind of work for every system. */
export interface Measurement {
  readonly name: string;
  readonly title: string;
  /** The figure by which systems are compared, and whether more of it is better. */
  readonly compares: string;
  readonly moreIsBetter: boolean;
  readonly rounds: number;
  /** Whether a quick run includes it. */
  readonly quick: boolean;
  run(system: System, effort: Effort): Promise<Sample>;
  /** Returns this measurement at another rate, if it has one. */
  at?(deliveriesPerSecond: number): Measurement;
}
