import type { Measurement, Sample } from '../measurements/measurement.js';
import type { System } from '../systems/system.js';
import { digits } from './table.js';

/** Prints the result of one round, or why it failed. */
export function tellSample(
  measurement: Measurement,
  { name }: System,
  round: number,
  told: Sample | string,
): void {
  const what =
    typeof told === 'string'
      ? `failed: ${told}`
      : [`${digits(told.figures[measurement.compares])} ${measurement.compares}`, ...told.marks].join('; ');
  console.error(`${measurement.name}, round ${round}, ${name}: ${what}`);
}
