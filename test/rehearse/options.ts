import { Command, InvalidArgumentError, Option } from 'commander';
import { BALANCERS, type Balance, type BalancerKind } from './balancer/index.js';
import type { Load } from './rehearsals/perform.js';
import type { RolloutOptions } from './rehearsals/rollout.js';
import type { ScaleOptions } from './rehearsals/scale.js';

export type Rehearsal =
  | { readonly kind: 'rollout'; readonly options: RolloutOptions; readonly jsonFile: string | undefined }
  | { readonly kind: 'scale'; readonly options: ScaleOptions; readonly jsonFile: string | undefined };

/** Undisturbed time before the change, for comparison, in milliseconds. */
const QUIET_MS = 5_000;

interface Given {
  connections: number;
  rate: number;
  roomSize: number;
  ramp: number;
  workers: number;
  balancer: BalancerKind;
  drainDelay: number;
  drain: number;
  json?: string;
}

interface RolloutGiven {
  gateways: number;
  oneByOne: boolean;
  stagger: number;
  hold: number;
  balance: Balance;
}

/** Reads the command line. Ends the process after `--help`; on an error with one line and exit status 2. */
export function readRehearsal(argv: readonly string[]): Rehearsal {
  let chosen: Rehearsal | undefined;
  const program = new Command('rehearse').exitOverride((error) => process.exit(error.exitCode === 0 ? 0 : 2));
  withLoad(program.command('rollout'))
    .description('Replaces all gateways under load, behind a real load balancer, on this machine.')
    .option('--gateways <number>', 'number of gateways to replace', whole(1, 16), 4)
    .option('--one-by-one', 'replace them one after the other instead of together', false)
    .option(
      '--stagger <ms>',
      'time between two new gateways; each ends an old one, as in Kubernetes. 0: all together',
      whole(0, 300_000),
      0,
    )
    .option('--hold <ms>', 'DRAIN_HOLD_MS of the gateways', whole(0, 3_600_000), 300_000)
    .addOption(
      new Option('--balance <how>', 'how HAProxy spreads new sockets')
        .choices(['leastconn', 'roundrobin'])
        .default('leastconn'),
    )
    .action((given: Given & RolloutGiven) => {
      const { gateways, oneByOne, stagger: staggerMs, hold: holdMs, balance } = given;
      if (oneByOne && staggerMs > 0) program.error('error: --stagger and --one-by-one exclude each other');
      if (balance !== 'leastconn' && given.balancer !== 'haproxy')
        program.error('error: --balance needs --balancer haproxy');
      chosen = {
        kind: 'rollout',
        options: { ...shared(given), gateways, oneByOne, staggerMs, holdMs, balance },
        jsonFile: given.json,
      };
    });
  withLoad(program.command('scale'))
    .description('Adds gateways under load, waits until connections are balanced, and removes them again.')
    .option('--from <number>', 'number of gateways before and after', whole(1, 8), 2)
    .option('--to <number>', 'number of gateways in between', whole(2, 16), 4)
    .option(
      '--share <number>',
      'REBALANCE_SHARE_PER_MINUTE of the gateways; 0 for no rebalancing',
      share,
      0.5,
    )
    .action((given: Given & { from: number; to: number; share: number }) => {
      const { from, to, share: sharePerMinute } = given;
      if (to <= from) program.error('error: --to must be more than --from');
      chosen = {
        kind: 'scale',
        options: { ...shared(given), from, to, sharePerMinute },
        jsonFile: given.json,
      };
    });
  program.parse([...argv], { from: 'user' });
  if (chosen === undefined) return program.help({ error: true });
  return chosen;
}

function withLoad(command: Command): Command {
  return command
    .option(
      '--connections <number>',
      'number of sockets, each of a user of its own',
      whole(10, 100_000),
      10_000,
    )
    .option('--rate <number>', 'messages per second, of all clients together', whole(1, 100_000), 2_000)
    .option('--room-size <number>', 'members per room; each receives every message', whole(2, 1_000), 4)
    .option('--ramp <number>', 'connects per second at the start', whole(10, 10_000), 500)
    .option('--workers <number>', 'worker processes of the load tester', whole(1, 16), 1)
    .addOption(
      new Option('--balancer <program>', 'load balancer; on Debian, root installs it if it is missing')
        .choices(Object.keys(BALANCERS))
        .default('haproxy'),
    )
    .option('--drain-delay <ms>', 'DRAIN_DELAY_MS of the gateways', whole(0, 60_000), 5_000)
    .option('--drain <ms>', 'DRAIN_MS of the gateways', whole(0, 600_000), 20_000)
    .option('--json <file>', 'file for the result as JSON')
    .allowExcessArguments(false);
}

function shared(given: Given): {
  load: Load;
  balancer: BalancerKind;
  drainDelayMs: number;
  drainMs: number;
  quietMs: number;
} {
  const { connections, rate, roomSize, ramp, workers, balancer, drainDelay, drain } = given;
  return {
    load: { connections, rate, roomSize, ramp, workers },
    balancer,
    drainDelayMs: drainDelay,
    drainMs: drain,
    quietMs: QUIET_MS,
  };
}

/** Parses a whole number of a command line. */
export function whole(min: number, max: number) {
  return (text: string): number => {
    const value = /^\d{1,10}$/.test(text) ? Number(text) : Number.NaN;
    if (value >= min && value <= max) return value;
    throw new InvalidArgumentError(`It must be a whole number from ${min} to ${max}.`);
  };
}

function share(text: string): number {
  const value = Number(text);
  if (text !== '' && value >= 0 && value <= 1) return value;
  throw new InvalidArgumentError('It must be a number from 0 to 1.');
}
