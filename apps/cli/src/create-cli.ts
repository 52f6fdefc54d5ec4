import { Command, CommanderError } from 'commander';
import { bansCommand } from './bans.js';
import type { CliContext } from './cli-context.js';
import { keysCommand } from './keys.js';
import { type CliEnvironment, CliError, OperatorApi } from './operator-api.js';
import { roomsCommand } from './rooms.js';
import { usersCommand } from './users.js';
import { webhooksCommand } from './webhooks.js';

const COMMANDS = [keysCommand, usersCommand, roomsCommand, webhooksCommand, bansCommand];

export interface CliParts {
  readonly env: CliEnvironment;
  readonly stdout: { write(text: string): unknown };
  readonly stderr: { write(text: string): unknown };
}

/**
 * Runs the command line for operators.
 * @returns the exit status: 0, or 1 after one line on standard error
 */
export async function runCli(argv: readonly string[], { env, stdout, stderr }: CliParts): Promise<number> {
  const program = new Command('chorus')
    .description('Manages a Chorus server by its operator API.')
    .option('--json', 'print JSON', false)
    .helpOption('--help', 'show this help')
    .helpCommand(false)
    .configureOutput({
      writeOut: (text) => void stdout.write(text),
      writeErr: (text) => void stderr.write(text),
    })
    .addHelpText(
      'after',
      `
Environment:
  CHORUS_OPERATOR_URL    URL of the operator port, such as http://localhost:9000
  CHORUS_OPERATOR_TOKEN  OPERATOR_TOKEN of the server

The exit status is 0, or 1 after one line on standard error.`,
    )
    .exitOverride();
  const context: CliContext = {
    async send(schema, method, path, body) {
      const answer = schema.safeParse(await new OperatorApi(env).send(method, path, body));
      if (answer.success) return answer.data;
      throw new CliError('the server answered something else: is it of another version?');
    },
    print: (result, text) => {
      stdout.write(`${program.opts<{ json: boolean }>().json ? JSON.stringify(result) : text()}\n`);
    },
  };
  for (const command of COMMANDS) program.addCommand(inherited(program, command(context)));
  try {
    await program.parseAsync([...argv], { from: 'user' });
    return 0;
  } catch (error) {
    // Commander has written its own errors already.
    if (error instanceof CommanderError) return error.exitCode;
    if (!(error instanceof CliError)) throw error;
    stderr.write(`${error.message}\n`);
    return 1;
  }
}

/** `--json` may stand behind the command, too. Settings of a program are not those of commands that are added to it. */
function inherited(program: Command, command: Command): Command {
  for (const each of [command, ...command.commands]) {
    each.copyInheritedSettings(program).helpCommand(false);
    if (each.commands.length > 0) continue;
    each.option('--json', 'print JSON').hook('preAction', () => {
      if (each.opts<{ json?: boolean }>().json) program.setOptionValue('json', true);
    });
  }
  return command;
}
