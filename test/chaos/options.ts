import { randomInt } from 'node:crypto';
import { Command, InvalidArgumentError, Option } from 'commander';
import { FAULT_KINDS } from './fault-kinds.js';
import type { FaultKind } from './history.js';

const SCENARIOS = ['faults', 'frozen-readers'] as const;

export interface ChaosOptions {
  /** What to run; the other options are for `faults`. */
  scenario: (typeof SCENARIOS)[number];
  clients: number;
  rooms: number;
  /** Messages a second, of all clients together. */
  rate: number;
  seconds: number;
  seed: number;
  faults: readonly FaultKind[];
  /** Clients go to gateways themselves, instead of to the balancer. */
  direct: boolean;
  /** Of the processes of the cluster, where they are to be others than usual here. */
  settings: Readonly<Record<string, string>>;
  /** Where to write the HTML page. */
  report: string;
}

const CLIENTS_PER_ROOM = 10;

/** Reads the command line; commander prints one line about what is wrong with it and ends the process. */
export function readCommandLine(argv: readonly string[]): ChaosOptions {
  const options = new Command('chaos')
    .description(
      'Breaks a cluster on this machine while clients chat, and checks that they do not notice more than was promised.',
    )
    .option('--clients <number>', 'clients, each a user with one socket', wholeNumber(2, 6_000), 300)
    .option(
      '--rooms <number>',
      'rooms; each client is in one to three (default: a tenth of the clients)',
      wholeNumber(1, 5_000),
    )
    .option('--rate <number>', 'messages a second, of all clients together', wholeNumber(1, 5_000), 200)
    .option('--seconds <number>', 'how long they chat while things break', wholeNumber(5, 3_600), 60)
    .option('--seed <number>', 'what decides the schedule (default: a new one)', wholeNumber(0, 2 ** 31 - 1))
    .addOption(
      new Option('--faults <list>', `comma-separated: ${FAULT_KINDS.join(', ')}; or none`)
        .default(FAULT_KINDS, 'all')
        .argParser(faultList),
    )
    .addOption(
      new Option('--scenario <name>', 'frozen-readers measures what others notice of readers that stop')
        .choices(SCENARIOS)
        .default('faults'),
    )
    .option('--direct', 'without the balancer, which shares a process with the clients', false)
    .option(
      '--set <NAME=value>',
      'a setting of the cluster, such as DRAIN_MS=10000; can be repeated',
      setting,
      {},
    )
    .option('--report <file>', 'the page with the timeline', 'chaos-report.html')
    .helpOption('--help', 'show this')
    .allowExcessArguments(false)
    .parse([...argv], { from: 'user' })
    .opts<ChaosOptions & { rooms?: number; seed?: number; set: Record<string, string> }>();
  const { set: settings, ...others } = options;
  return {
    ...others,
    settings,
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
    const kind = FAULT_KINDS.find((kind) => kind === name.trim());
    if (kind === undefined) throw new InvalidArgumentError(`It must be of ${FAULT_KINDS.join(', ')}.`);
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
