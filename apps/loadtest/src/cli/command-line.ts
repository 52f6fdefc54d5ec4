import { Command, CommanderError, InvalidArgumentError, Option } from 'commander';
import type { Chosen } from './chosen.js';
import { SCENARIO_OPTIONS } from './scenario-options.js';
import { type Reader, UnitError, urlOf, wholeNumber } from './units.js';
import { UsageError } from './usage-error.js';

/** The parsed command line, before a scenario file is read. */
export interface CommandLine {
  readonly chosen: Chosen;
  /** File and name of a scenario, or one of the two. */
  readonly scenario: readonly string[] | undefined;
  /** Number of gateways of the cluster to start; undefined to start none. */
  readonly local: number | undefined;
  readonly api: string | undefined;
  readonly prefix: string;
  readonly secret: string | undefined;
  readonly roomIds: readonly number[] | undefined;
  readonly dialect: string | undefined;
  readonly pids: readonly NamedPid[];
  readonly metrics: readonly string[];
  readonly json: string | undefined;
  readonly html: string | undefined;
  readonly allowRemote: boolean;
}

export interface NamedPid {
  readonly name: string;
  readonly pid: number;
}

const LOCAL_GATEWAYS = 2;

const EXAMPLES = `
Examples:
  pnpm loadtest --local --scenario quick
      starts a cluster on this machine, puts load on it, and stops it
  pnpm loadtest --target ws://127.0.0.1:8080 --connections 500 --rooms 50 --duration 20s --html report.html
  pnpm loadtest --target ws://10.0.0.5 --api http://10.0.0.6 --allow-remote --scenario my.yaml evening --max-lost 0

Exit status:
  0  success   1  a limit is exceeded   2  invalid options   3  the run failed

Environment:
  LOADTEST_JWT_SECRET  like --secret, but not visible in the list of processes
  LOADTEST_PASSWORD    password of the created accounts; required for an API on another machine`;

/** The options as commander returns them. */
interface OwnOptions extends Omit<CommandLine, 'chosen' | 'pids' | 'metrics'> {
  readonly pid?: readonly NamedPid[];
  readonly metrics?: readonly string[];
}

/**
 * Reads the command line.
 * @returns undefined after `--help`, which has been printed
 * @throws {UsageError}
 */
export function readCommandLine(
  argv: readonly string[],
  print: (text: string) => void,
): CommandLine | undefined {
  const command = new Command('loadtest')
    .description('Puts load on chat servers and checks every delivery.')
    .helpOption('--help', 'show this help')
    .addHelpText('after', EXAMPLES)
    .allowExcessArguments(false)
    .showSuggestionAfterError(false)
    .exitOverride()
    .configureOutput({ writeOut: print, writeErr: () => {} });
  addOwnOptions(command);
  const table = SCENARIO_OPTIONS.map(({ name, value, help, read, many }) => {
    const option = new Option(`--${name} ${value}`, help);
    command.addOption(many ? option.argParser(collecting(read)) : option.argParser(reading(read)));
    return { name, key: option.attributeName() };
  });
  try {
    command.parse([...argv], { from: 'user' });
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error;
    if (error.code === 'commander.helpDisplayed') return undefined;
    throw new UsageError(error.message.replace(/^error: /, '').replaceAll('\n', ' '));
  }
  const values = command.opts<Record<string, unknown>>();
  const chosen = new Map<string, unknown>();
  for (const { name, key } of table) if (values[key] !== undefined) chosen.set(name, values[key]);
  const { pid = [], metrics = [], ...own } = command.opts<OwnOptions>();
  return { ...own, chosen, pids: pid, metrics };
}

function addOwnOptions(command: Command): void {
  const options = [
    new Option(
      '--scenario <file...>',
      'a YAML file and the name of a scenario in it, or a built-in scenario: quick, chatty-rooms, fan-out, giant-room, heavy-tailed, churn, idle-20k',
    ),
    new Option(
      '--local [gateways]',
      `start a cluster on this machine for the run (default ${LOCAL_GATEWAYS} gateways)`,
    )
      .preset(String(LOCAL_GATEWAYS))
      .argParser(reading(wholeNumber(1, 16))),
    new Option('--api <url>', 'API that creates accounts and rooms (default: the first target)').argParser(
      reading(urlOf('http', 'https')),
    ),
    new Option('--prefix <name>', 'prefix of their names; those of an earlier run are reused')
      .default('loadtest')
      .argParser(reading(prefix)),
    new Option('--secret <secret>', 'JWT_SECRET of the servers: sign tokens instead of creating accounts'),
    new Option(
      '--room-ids <ids>',
      'existing rooms to use, such as 1-50,77, instead of creating rooms',
    ).argParser(reading(idList)),
    new Option('--dialect <module>', 'a module whose `dialect` implements the protocol of other servers'),
    new Option('--pid <name=pid>', 'measure CPU and memory of this process; can be repeated').argParser(
      collecting(namedPid),
    ),
    new Option(
      '--metrics <url>',
      'measure CPU and memory of a process by its Prometheus metrics; can be repeated',
    ).argParser(collecting(urlOf('http', 'https'))),
    new Option('--json <file>', 'write the result as JSON'),
    new Option('--html <file>', 'write the result as one HTML page'),
    new Option('--allow-remote', 'allow load on other machines than this one').default(false),
  ];
  for (const option of options) command.addOption(option);
}

/** Adapts a reader to commander, which prints the message after the option and its argument. */
function reading<T>(read: Reader<T>): (text: string) => T {
  return (text) => {
    try {
      return read(text);
    } catch (error) {
      if (error instanceof UnitError) throw new InvalidArgumentError(error.message);
      throw error;
    }
  };
}

function collecting<T>(read: Reader<T>): (text: string, before: readonly T[] | undefined) => readonly T[] {
  return (text, before = []) => [...before, reading(read)(text)];
}

const prefix: Reader<string> = (text) => {
  if (/^[A-Za-z0-9-]{1,32}$/.test(text)) return text;
  throw new UnitError('It must be 1 to 32 letters, digits or dashes.');
};

const namedPid: Reader<NamedPid> = (text) => {
  const [, name, pid] = /^([^=]{1,64})=([1-9]\d{0,9})$/.exec(text) ?? [];
  if (name === undefined || pid === undefined) {
    throw new UnitError('It must be a name and a process id, such as gateway-1=4711.');
  }
  return { name, pid: Number(pid) };
};

const MAX_ROOM_IDS = 1_000_000;

const idList: Reader<readonly number[]> = (text) => {
  const ids = text.split(',').flatMap((part) => {
    const [, first, last = first] = /^(\d{1,15})(?:-(\d{1,15}))?$/.exec(part.trim()) ?? [];
    const length = Number(last) - Number(first) + 1;
    if (!(Number(first) >= 1 && length >= 1 && length <= MAX_ROOM_IDS)) {
      throw new UnitError('It must be ids of rooms, such as 1,2,3 or 1-50,77.');
    }
    return Array.from({ length }, (_, index) => Number(first) + index);
  });
  return [...new Set(ids)];
};
