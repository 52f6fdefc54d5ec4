import { Command, InvalidArgumentError } from 'commander';

export interface CommandOptions {
  gateways: number;
  apis: number;
  archivers: number;
  port: number;
  host: string;
  restart: boolean;
  operatorPorts: number | undefined;
}

/** Reads the command line; commander prints one line about what is wrong with it and ends the process. */
export function readCommandLine(argv: readonly string[]): CommandOptions {
  return new Command('cluster')
    .description(
      'Runs a Chorus cluster on this machine: API, gateway and archiver processes, Redis and PostgreSQL.',
    )
    .option('--gateways <number>', 'gateway processes', wholeNumber(1, 64), 3)
    .option('--apis <number>', 'API processes', wholeNumber(1, 64), 2)
    .option('--archivers <number>', 'archiver processes', wholeNumber(0, 64), 1)
    .option(
      '--port <port>',
      'where all of them are reached; 0 chooses a free one',
      wholeNumber(0, 65_535),
      8080,
    )
    .option('--host <address>', 'address to listen on; 0.0.0.0 lets other machines in', 'localhost')
    .option('--restart', 'start a process again when it has died', false)
    .option(
      '--operator-ports <first>',
      'a port for operators (metrics, health) for every process: this one and those after it; 0 chooses free ones',
      wholeNumber(0, 65_000),
    )
    .helpOption('--help', 'show this')
    .allowExcessArguments(false)
    .addHelpText(
      'after',
      `
Environment:
  REDIS_URL, DATABASE_URL  use these servers instead of starting some
  OPERATOR_PORT            of the first API; 0 chooses a free one
  OPERATOR_TOKEN           lets APIs with such a port serve the operator API
  DATA_DIR                 keep the data of the started servers in this folder's "cluster"
  and every setting of the API, the gateway and the archiver, which is passed on to them`,
    )
    .parse([...argv], { from: 'user' })
    .opts<CommandOptions>();
}

function wholeNumber(min: number, max: number) {
  return (text: string): number => {
    const value = /^\d{1,9}$/.test(text) ? Number(text) : Number.NaN;
    if (value >= min && value <= max) return value;
    throw new InvalidArgumentError(`It must be a whole number from ${min} to ${max}.`);
  };
}
