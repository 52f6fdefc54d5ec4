import type { System } from '../systems/system.js';

/** How long and how much is measured. */
export interface Effort {
  /** Of each load, after the warm-up, in milliseconds. */
  readonly durationMs: number;
  readonly warmUpMs: number;
  /** How long a run waits for what is under way at its end, in milliseconds. */
  readonly settleMs: number;
  /** Share of the connections of a full run, for the measurements that are about connections. */
  readonly share: number;
}

/** What one run showed. */
export interface Sample {
  /** By name and unit, as a table shows them; undefined where it could not be measured. */
  readonly figures: Readonly<Record<string, number | undefined>>;
  /** Why the figures are not what they seem: something was lost, the tool was the bottleneck, … */
  readonly marks: readonly string[];
}

/** One kind of work that every system is given. */
export interface Measurement {
  readonly name: string;
  readonly title: string;
  /** The figure by which systems are compared, and whether more of it is better. */
  readonly compares: string;
  readonly moreIsBetter: boolean;
  readonly rounds: number;
  /** Whether a quick run does it. */
  readonly quick: boolean;
  run(system: System, effort: Effort): Promise<Sample>;
  /** The same with so many deliveries a second, if it has a rate. */
  at?(deliveriesPerSecond: number): Measurement;
}
