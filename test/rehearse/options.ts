import { Command, InvalidArgumentError, Option } from 'commander';
import { BALANCERS, type BalancerKind } from './balancer/index.js';
import type { Load } from './rehearsals/perform.js';
import type { RolloutOptions } from './rehearsals/rollout.js';
import type { ScaleOptions } from './rehearsals/scale.js';

export type Rehearsal =
  | { readonly kind: 'rollout'; readonly options: RolloutOptions; readonly jsonFile: string | undefined }
  | { readonly kind: 'scale'; readonly options: ScaleOptions; readonly jsonFile: string | undefined };

/** To have something to compare with. */
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

/** Ends the process for `--help` and for options that are wrong, the latter with code 2 and one line. */
export function readRehearsal(argv: readonly string[]): Rehearsal {
  let chosen: Rehearsal | undefined;
  const program = new Command('rehearse').exitOverride((error) => process.exit(error.exitCode === 0 ? 0 : 2));
  withLoad(program.command('rollout'))
    .description('Replaces all gateways on this machine under load, behind a real balancer.')
    .option('--gateways <number>', 'that are replaced, by as many', whole(1, 16), 4)
    .option('--one-by-one', 'one after the other, instead of all together', false)
    .action((given: Given & { gateways: number; oneByOne: boolean }) => {
      const { gateways, oneByOne } = given;
      chosen = {
        kind: 'rollout',
        options: { ...shared(given), gateways, oneByOne },
        jsonFile: given.json,
      };
    });
  withLoad(program.command('scale'))
    .description('Adds gateways under load, waits until connections are level, and takes them away again.')
    .option('--from <number>', 'gateways before and after', whole(1, 8), 2)
    .option('--to <number>', 'gateways in between', whole(2, 16), 4)
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
    .option('--connections <number>', 'sockets, one for each user', whole(10, 100_000), 10_000)
    .option('--rate <number>', 'messages a second, of all together', whole(1, 100_000), 2_000)
    .option(
      '--room-size <number>',
      'members of each room, each of which gets each message',
      whole(2, 1_000),
      4,
    )
    .option('--ramp <number>', 'connects a second at the beginning', whole(10, 10_000), 500)
    .option('--workers <number>', 'processes of the load tester', whole(1, 16), 1)
    .addOption(
      new Option('--balancer <program>', 'the balancer in between; on Debian root gets it installed')
        .choices(Object.keys(BALANCERS))
        .default('haproxy'),
    )
    .option('--drain-delay <ms>', 'DRAIN_DELAY_MS of the gateways', whole(0, 60_000), 5_000)
    .option('--drain <ms>', 'DRAIN_MS of the gateways', whole(0, 600_000), 20_000)
    .option('--json <file>', 'everything that was seen')
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

function whole(min: number, max: number) {
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
