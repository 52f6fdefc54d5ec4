import type { Effort, Measurement, Sample } from './measurements/measurement.js';
import type { System } from './systems/system.js';

/** Results of one system in all rounds of a measurement. */
export interface SystemRounds {
  readonly system: string;
  readonly title: string;
  readonly samples: readonly Sample[];
  /** Reasons of rounds without a sample. */
  readonly failures: readonly string[];
}

export interface MeasurementRounds {
  readonly name: string;
  readonly title: string;
  readonly compares: string;
  readonly moreIsBetter: boolean;
  readonly systems: readonly SystemRounds[];
}

export interface RoundsOptions {
  readonly systems: readonly System[];
  readonly effort: Effort;
  /** Overrides the number of each measurement. */
  readonly rounds?: number | undefined;
  readonly onSample?: (
    measurement: Measurement,
    system: System,
    round: number,
    told: Sample | string,
  ) => void;
}

/**
 * Runs all systems in turn, so that a slow phase of the machine affects all of them. A failure affects only its
 * round.
 */
export async function runRounds(
  measurement: Measurement,
  { systems, effort, rounds = measurement.rounds, onSample }: RoundsOptions,
): Promise<MeasurementRounds> {
  const results = systems.map((system) => ({
    system,
    samples: [] as Sample[],
    failures: [] as string[],
  }));
  for (let round = 1; round <= rounds; round++) {
    for (const { system, samples, failures } of results) {
      try {
        const sample = await measurement.run(system, effort);
        samples.push(sample);
        onSample?.(measurement, system, round, sample);
      } catch (error) {
        const why = error instanceof Error ? error.message : String(error);
        failures.push(why);
        onSample?.(measurement, system, round, why);
      }
    }
  }
  const { name, title, compares, moreIsBetter } = measurement;
  return {
    name,
    title,
    compares,
    moreIsBetter,
    systems: results.map(({ system, samples, failures }) => ({
      system: system.name,
      title: system.title,
      samples,
      failures,
    })),
  };
}
