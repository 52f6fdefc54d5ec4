import { Command, InvalidArgumentError } from 'commander';

export interface CommandOptions {
  gateways: number;
  apis: number;
  archivers: number;
  dispatchers: number;
  port: number;
  host: string;
  restart: boolean;
  operatorPorts: number | undefined;
}

/** Reads the command line. On an error commander prints one line and ends the process. */
export function readCommandLine(argv: readonly string[]): CommandOptions {
  return new Command('cluster')
    .description(
      'Runs a Chorus cluster on this machine: API, gateway, archiver and dispatcher processes, Redis and PostgreSQL.',
    )
    .option('--gateways <number>', 'number of gateway processes', wholeNumber(1, 64), 3)
    .option('--apis <number>', 'number of API processes', wholeNumber(1, 64), 2)
    .option('--archivers <number>', 'number of archiver processes', wholeNumber(0, 64), 1)
    .option('--dispatchers <number>', 'number of dispatcher processes', wholeNumber(0, 64), 1)
    .option(
      '--port <port>',
      'port of the balancer in front of all processes; 0 chooses a free port',
      wholeNumber(0, 65_535),
      8080,
    )
    .option(
      '--host <address>',
      'address to listen on; 0.0.0.0 accepts connections from other machines',
      'localhost',
    )
    .option('--restart', 'restart processes that die', false)
    .option(
      '--operator-ports <first>',
      'operator ports (metrics, health) of the processes: this port and the following; 0 chooses free ports',
      wholeNumber(0, 65_000),
    )
    .helpOption('--help', 'show this help')
    .allowExcessArguments(false)
    .addHelpText(
      'after',
      `
Environment:
  REDIS_URL, DATABASE_URL  use these servers instead of starting them
  OPERATOR_PORT            operator port of the first API; 0 chooses a free port
  OPERATOR_TOKEN           enables the operator API on the operator ports of the APIs
  DATA_DIR                 keep the data of the started servers in its subfolder "cluster"
  Settings of the API, the gateway, the archiver and the dispatcher are passed on to these processes.`,
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
