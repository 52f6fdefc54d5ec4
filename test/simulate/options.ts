import { Command, InvalidArgumentError } from 'commander';

export interface SimulationOptions {
  /** Numbers of gateways, simulated one after the other. */
  readonly nodes: readonly number[];
  /** Simulated sockets per gateway. */
  readonly sockets: number;
  /** Length of each measurement, in seconds. */
  readonly seconds: number;
  /** Control events per second of the whole cluster. */
  readonly events: number;
  /** Users per second who join and leave a room, in the whole cluster. */
  readonly joins: number;
}

/** Reads the command line. Ends the process after `--help`; on an error with one line and exit status 2. */
export function readOptions(argv: readonly string[]): SimulationOptions & { readonly json?: string } {
  const program = new Command('simulate:nodes')
    .description('Measures what gateways cost Redis and each other as their number grows, on this machine.')
    .exitOverride((error) => process.exit(error.exitCode === 0 ? 0 : 2))
    .option('--nodes <list>', 'comma-separated numbers of gateways', list, [10, 30, 100])
    .option('--sockets <number>', 'simulated sockets per gateway', whole(1, 10_000), 200)
    .option('--seconds <number>', 'length of each measurement', whole(1, 600), 10)
    .option('--events <number>', 'control events per second', whole(1, 1_000), 20)
    .option('--joins <number>', 'users per second who join and leave a room', whole(1, 10_000), 200)
    .option('--json <file>', 'file for the result as JSON')
    .allowExcessArguments(false)
    .parse([...argv], { from: 'user' });
  return program.opts();
}

function list(text: string): number[] {
  return text.split(',').map(whole(2, 500));
}

function whole(min: number, max: number) {
  return (text: string): number => {
    const value = /^\d{1,10}$/.test(text) ? Number(text) : Number.NaN;
    if (value >= min && value <= max) return value;
    throw new InvalidArgumentError(`It must be a whole number from ${min} to ${max}.`);
  };
}
