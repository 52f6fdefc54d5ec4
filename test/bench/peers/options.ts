import { Command, InvalidArgumentError } from 'commander';
import { ALL_MEASUREMENTS, MEASUREMENTS } from './measurements/index.js';
import type { Effort, Measurement } from './measurements/measurement.js';
import { SCALING } from './measurements/scaling.js';
import { FLOOR, SYSTEMS } from './systems/index.js';
import type { System } from './systems/system.js';

export interface PeersOptions {
  readonly systems: readonly System[];
  readonly measurements: readonly Measurement[];
  readonly effort: Effort;
  /** Undefined: the number that each measurement defines. */
  readonly rounds: number | undefined;
  readonly jsonFile: string | undefined;
  readonly svgFile: string | undefined;
}

const FULL: Effort = { durationMs: 6_000, warmUpMs: 8_000, settleMs: 3_000, share: 1 };
const QUICK: Effort = { durationMs: 2_000, warmUpMs: 1_500, settleMs: 2_000, share: 0.25 };

/** Reads the command line. Ends the process after `--help`; on an error with one line and exit status 2. */
export function readOptions(args: readonly string[]): PeersOptions {
  const command = new Command('bench:peers')
    .description('Puts the same load on Chorus and its peers in turn, and compares their cost.')
    .option(
      '--only <systems>',
      `comma-separated systems: ${SYSTEMS.map(({ name }) => name).join(', ')}`,
      pick(SYSTEMS),
    )
    .option(
      '--loads <names>',
      `comma-separated loads: ${ALL_MEASUREMENTS.map(({ name }) => name).join(', ')}`,
      pick(ALL_MEASUREMENTS),
    )
    .option('--deliveries <number>', 'deliveries per second, instead of those of the loads', positive)
    .option('--scaling', 'measure how the cost grows with nodes and rooms, for Chorus and the floor')
    .option('--rounds <number>', 'rounds of every measurement', positive)
    .option('--seconds <number>', 'duration of each measured run, in seconds', positive)
    .option('--quick', 'one short round of some measurements, in a few minutes')
    .option('--json <file>', 'file for all rounds of all measurements as JSON')
    .option('--svg <file>', 'file for a chart of the medians')
    .exitOverride((error) => process.exit(error.exitCode === 0 ? 0 : 2))
    .parse(args, { from: 'user' });
  const given = command.opts<{
    only?: readonly System[];
    loads?: readonly Measurement[];
    deliveries?: number;
    scaling?: boolean;
    rounds?: number;
    seconds?: number;
    quick?: boolean;
    json?: string;
    svg?: string;
  }>();
  const effort = given.quick ? QUICK : FULL;
  const usual = given.quick ? MEASUREMENTS.filter(({ quick }) => quick) : MEASUREMENTS;
  const ours = SYSTEMS.filter(({ name }) => name === FLOOR || name === 'chorus');
  return {
    systems: given.only ?? (given.scaling ? ours : SYSTEMS),
    measurements: atRate(given.loads ?? (given.scaling ? SCALING : usual), given.deliveries),
    effort: given.seconds === undefined ? effort : { ...effort, durationMs: given.seconds * 1_000 },
    rounds: given.rounds ?? (given.quick ? 1 : undefined),
    jsonFile: given.json,
    svgFile: given.svg,
  };
}

/** Sets the rate of those measurements that have one. */
function atRate(measurements: readonly Measurement[], rate: number | undefined): readonly Measurement[] {
  if (rate === undefined) return measurements;
  return measurements.map((measurement) => measurement.at?.(rate) ?? measurement);
}

/** Returns a reader of comma-separated names. */
export function pick<T extends { readonly name: string }>(all: readonly T[]): (value: string) => T[] {
  return (value) =>
    value.split(',').map((name) => {
      const found = all.find((one) => one.name === name.trim());
      if (found === undefined) throw new InvalidArgumentError(`there is no "${name.trim()}"`);
      return found;
    });
}

/** Reads a positive whole number. */
export function positive(value: string): number {
  const number = Number(value);
  if (!Number.isInteger(number) || number < 1) throw new InvalidArgumentError('not a positive whole number');
  return number;
}
