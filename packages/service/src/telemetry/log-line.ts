import { format } from 'node:util';

/** Writes one line of the log from where there is no logger. Lines look like those of {@link createLogger}. */
export function writeLogLine(
  level: 'warn' | 'error' | 'fatal',
  msg: string,
  fields: Readonly<Record<string, unknown>> = {},
): void {
  process.stderr.write(`${JSON.stringify({ level, time: new Date().toISOString(), ...fields, msg })}\n`);
}

/** An error as a field of a line, as the logger writes it. */
export function errorField(error: unknown): Readonly<Record<string, unknown>> {
  if (!(error instanceof Error)) return { err: { message: String(error) } };
  return { err: { type: error.name, message: error.message, stack: error.stack } };
}

/**
 * Libraries and Node.js itself print warnings as text. From now on each becomes one line of the log: what is printed with
 * `console.warn` and `console.error`, and warnings of the process. `console.log` stays as it is: programs print with it.
 */
export function logVendorText(): void {
  console.warn = (...args: unknown[]) => writeLogLine('warn', format(...args));
  console.error = (...args: unknown[]) => writeLogLine('error', format(...args));
  // Node's own listener prints.
  process.removeAllListeners('warning');
  process.on('warning', (warning) => writeLogLine('warn', 'warning of Node.js', errorField(warning)));
}
