import type { MeasurementRounds, SystemRounds } from '../rounds.js';

/** One system's medians over all rounds. */
export interface SystemSummary {
  readonly system: string;
  readonly title: string;
  readonly figures: Readonly<Record<string, number | undefined>>;
  /** The compared figure, divided by that of each base in this run; undefined where either is missing. */
  readonly ratios: Readonly<Record<string, number | undefined>>;
  /** Each with the rounds that have it. */
  readonly marks: readonly string[];
}

export interface MeasurementSummary {
  readonly name: string;
  readonly title: string;
  readonly compares: string;
  readonly moreIsBetter: boolean;
  readonly systems: readonly SystemSummary[];
}

/** @param bases names of the systems that others are compared with */
export function summarise(measured: MeasurementRounds, bases: readonly string[]): MeasurementSummary {
  const medians = new Map(measured.systems.map((rounds) => [rounds.system, medianFigures(rounds)]));
  const compared = (system: string): number | undefined => medians.get(system)?.[measured.compares];
  return {
    name: measured.name,
    title: measured.title,
    compares: measured.compares,
    moreIsBetter: measured.moreIsBetter,
    systems: measured.systems.map((rounds) => ({
      system: rounds.system,
      title: rounds.title,
      figures: medians.get(rounds.system) ?? {},
      ratios: Object.fromEntries(
        bases.map((base) => [base, ratio(compared(rounds.system), compared(base))] as const),
      ),
      marks: marksOf(rounds),
    })),
  };
}

function medianFigures({ samples }: SystemRounds): Record<string, number | undefined> {
  const names = [...new Set(samples.flatMap(({ figures }) => Object.keys(figures)))];
  return Object.fromEntries(names.map((name) => [name, median(samples.map(({ figures }) => figures[name]))]));
}

/** Median of the measured values: of an even number, the mean of the middle two. */
export function median(values: ReadonlyArray<number | undefined>): number | undefined {
  const known = values.filter((value) => value !== undefined).toSorted((a, b) => a - b);
  const [low, high] = [known[(known.length - 1) >> 1], known[known.length >> 1]];
  return low === undefined || high === undefined ? undefined : (low + high) / 2;
}

function ratio(value: number | undefined, base: number | undefined): number | undefined {
  return value === undefined || base === undefined || base <= 0 ? undefined : value / base;
}

function marksOf({ samples, failures }: SystemRounds): string[] {
  const rounds = samples.length + failures.length;
  const told = samples.flatMap(({ marks }, index) =>
    marks.length === 0 ? [] : [marks.join('; ') + (rounds === 1 ? '' : ` (round ${index + 1})`)],
  );
  return [...told, ...failures.map((why) => `failed: ${why}`)];
}
