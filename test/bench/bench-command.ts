import { Command } from 'commander';

/** The command line of a benchmark: `--help` ends with status 0, an error with one line and status 2. */
export function benchCommand(name: string, description: string): Command {
  return new Command(name)
    .description(description)
    .exitOverride((error) => process.exit(error.exitCode === 0 ? 0 : 2));
}
