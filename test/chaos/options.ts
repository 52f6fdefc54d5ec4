import { randomInt } from 'node:crypto';
import { Command, InvalidArgumentError, Option } from 'commander';
import {
  FAULT_KINDS,
  FAULT_KINDS_BY_REDIS,
  REDIS_KINDS,
  type RedisKind,
  SENTINEL_FAULT_KINDS,
  SHARDED_FAULT_KINDS,
  STANDALONE_FAULT_KINDS,
} from './faults/fault-kinds.js';
import type { FaultKind } from './history/history.js';

const SCENARIOS = ['faults', 'standalone', 'frozen-readers'] as const;
const ALL_KINDS = [
  ...new Set([...FAULT_KINDS, ...SENTINEL_FAULT_KINDS, ...SHARDED_FAULT_KINDS, ...STANDALONE_FAULT_KINDS]),
];

export interface ChaosOptions {
  /** Scenario to run; most other options are for `faults`. */
  scenario: (typeof SCENARIOS)[number];
  /** Redis of a cluster. */
  redis: RedisKind;
  clients: number;
  rooms: number;
  /** Messages per second, of all clients together. */
  rate: number;
  seconds: number;
  seed: number;
  faults: readonly FaultKind[];
  /** Whether clients connect to gateways directly instead of through the balancer. */
  direct: boolean;
  /** Settings of the cluster's processes that replace the command's own. */
  settings: Readonly<Record<string, string>>;
  /** File for the HTML report. */
  report: string;
}

/** Options whose defaults depend on the run. */
interface GivenOptions {
  rooms?: number;
  seed?: number;
  faults?: FaultKind[];
  set: Record<string, string>;
}

const CLIENTS_PER_ROOM = 10;

/** Reads the command line. On an error commander prints one line and ends the process. */
export function readCommandLine(argv: readonly string[]): ChaosOptions {
  const command = new Command('chaos');
  const options = command
    .description(
      'Injects faults into a cluster on this machine while clients chat, and checks that the guarantees hold.',
    )
    .option(
      '--clients <number>',
      'number of clients, each a user with one socket',
      wholeNumber(2, 6_000),
      300,
    )
    .option(
      '--rooms <number>',
      'number of rooms; each client joins one to three (default: a tenth of the clients)',
      wholeNumber(1, 5_000),
    )
    .option('--rate <number>', 'messages per second, of all clients together', wholeNumber(1, 5_000), 200)
    .option('--seconds <number>', 'duration of the faults, in seconds', wholeNumber(5, 3_600), 60)
    .option('--seed <number>', 'seed of the schedule (default: random)', wholeNumber(0, 2 ** 31 - 1))
    .addOption(
      new Option(
        '--faults <list>',
        `comma-separated kinds of faults: ${FAULT_KINDS.join(', ')}; with --redis sentinel: ${SENTINEL_FAULT_KINDS.join(', ')}; with --redis cluster: ${SHARDED_FAULT_KINDS.join(', ')}; for standalone: ${STANDALONE_FAULT_KINDS.join(', ')}; or none (default: all kinds of the scenario)`,
      ).argParser(faultList),
    )
    .addOption(
      new Option(
        '--scenario <name>',
        'faults: of a cluster; standalone: of npm start; frozen-readers: measures how clients that stop reading affect others',
      )
        .choices(SCENARIOS)
        .default('faults'),
    )
    .addOption(
      new Option(
        '--redis <kind>',
        'single: one server; sentinel: a primary and two replicas with three Sentinels; cluster: a Redis Cluster of three masters with a replica each; the last two only for the scenario faults',
      )
        .choices(REDIS_KINDS)
        .default('single'),
    )
    .option(
      '--direct',
      'connect to gateways directly, without the balancer in the process of the clients',
      false,
    )
    .option(
      '--set <NAME=value>',
      'setting of the cluster, such as DRAIN_MS=10000; can be repeated',
      setting,
      {},
    )
    .option('--report <file>', 'file for the HTML report with the timeline', 'chaos-report.html')
    .helpOption('--help', 'show this help')
    .allowExcessArguments(false)
    .parse([...argv], { from: 'user' })
    .opts<Omit<ChaosOptions, 'faults'> & GivenOptions>();
  const { set: settings, ...others } = options;
  const { scenario, redis } = options;
  if (redis !== 'single' && scenario !== 'faults') {
    command.error(`error: the scenario ${scenario} has no --redis ${redis}`);
  }
  const kinds = scenario === 'standalone' ? STANDALONE_FAULT_KINDS : FAULT_KINDS_BY_REDIS[redis];
  const faults = options.faults ?? kinds;
  const alien = faults.find((kind) => !kinds.includes(kind));
  if (alien !== undefined) {
    const where = redis === 'single' ? '' : ` with --redis ${redis}`;
    command.error(`error: the scenario ${scenario}${where} has no ${alien}`);
  }
  return {
    ...others,
    settings,
    faults,
    rooms: options.rooms ?? Math.ceil(options.clients / CLIENTS_PER_ROOM),
    seed: options.seed ?? randomInt(2 ** 31),
  };
}

function setting(text: string, others: Record<string, string>): Record<string, string> {
  const [, name, value] = /^([A-Z_]+)=(.*)$/.exec(text) ?? [];
  if (name === undefined || value === undefined) throw new InvalidArgumentError('It must be NAME=value.');
  return { ...others, [name]: value };
}

function faultList(text: string): FaultKind[] {
  if (text === 'none') return [];
  return text.split(',').map((name) => {
    const kind = ALL_KINDS.find((kind) => kind === name.trim());
    if (kind === undefined) throw new InvalidArgumentError(`It must be of ${ALL_KINDS.join(', ')}.`);
    return kind;
  });
}

function wholeNumber(min: number, max: number) {
  return (text: string): number => {
    const value = /^\d{1,10}$/.test(text) ? Number(text) : Number.NaN;
    if (value >= min && value <= max) return value;
    throw new InvalidArgumentError(`It must be a whole number from ${min} to ${max}.`);
  };
}
