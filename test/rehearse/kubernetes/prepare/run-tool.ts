import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { StartError } from '@chorus/service';

const execute = promisify(execFile);
/** Longest output of a tool, in bytes. */
const MAX_OUTPUT = 64 * 1_048_576;
/** Lines of a failed tool's output that are reported. */
const LAST_LINES = 5;

export interface ToolOptions {
  readonly cwd?: string;
  /** Added to the environment. */
  readonly env?: Readonly<Record<string, string>>;
}

/**
 * Runs a program to its end and returns its output.
 * @throws {StartError} when it fails, with its last lines
 */
export async function runTool(
  program: string,
  args: readonly string[],
  { env, ...options }: ToolOptions = {},
): Promise<string> {
  try {
    const { stdout } = await execute(program, [...args], {
      ...options,
      env: { ...process.env, ...env },
      maxBuffer: MAX_OUTPUT,
    });
    return stdout;
  } catch (error) {
    const { stderr = '', stdout = '', message } = error as Error & { stderr?: string; stdout?: string };
    const output = (stderr || stdout).trim().split('\n').slice(-LAST_LINES).join('\n');
    throw new StartError(`${program} ${args[0] ?? ''} failed: ${output || message}`);
  }
}
