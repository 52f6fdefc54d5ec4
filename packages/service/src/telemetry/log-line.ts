import { format } from 'node:util';

/** Writes a log line without a logger. Lines have the form of {@link createLogger}. */
export function writeLogLine(
  level: 'warn' | 'error' | 'fatal',
  msg: string,
  fields: Readonly<Record<string, unknown>> = {},
): void {
  process.stderr.write(`${JSON.stringify({ level, time: new Date().toISOString(), ...fields, msg })}\n`);
}

/** Returns an error as a field of a line, like the logger. */
export function errorField(error: unknown): Readonly<Record<string, unknown>> {
  if (!(error instanceof Error)) return { err: { message: String(error) } };
  return { err: { type: error.name, message: error.message, stack: error.stack } };
}

/**
 * Libraries and Node.js print warnings as text. This makes each of them a log line: output of `console.warn` and
 * `console.error`, and warnings of the process. `console.log` is unchanged: commands print with it.
 */
export function logVendorText(): void {
  console.warn = (...args: unknown[]) => writeLogLine('warn', format(...args));
  console.error = (...args: unknown[]) => writeLogLine('error', format(...args));
  // Node's own listener prints text.
  process.removeAllListeners('warning');
  process.on('warning', (warning) => writeLogLine('warn', 'warning of Node.js', errorField(warning)));
}
