import { errorField, writeLogLine } from '../telemetry/log-line.js';

/** Interval between two log lines, in milliseconds: a timer may fail each time. */
const SAY_EVERY_MS = 10_000;

/**
 * Keeps the process alive when a call that no caller handles fails for lack of file descriptors, as in a timer or an
 * event. The call did nothing, the shortage ends with the connections that cause it, and ending the process would end
 * all others too. Any other unhandled failure is a bug and ends the process with status 1.
 */
export function outlastDescriptors(): void {
  let saidAt = Number.NEGATIVE_INFINITY;
  process.on('uncaughtException', (error: unknown) => {
    if (!isOutOfDescriptors(error)) {
      writeLogLine('fatal', 'a failure that nothing handles', errorField(error));
      process.exit(1);
    }
    const now = performance.now();
    if (now - saidAt < SAY_EVERY_MS) return;
    saidAt = now;
    const msg = 'out of file descriptors: raise the limit of open files (ulimit -n)';
    writeLogLine('error', msg, { error: String(error) });
  });
}

/** Whether a failure means that the process, or the system, has no file descriptors left. */
export function isOutOfDescriptors(error: unknown): boolean {
  return error instanceof Error && 'code' in error && (error.code === 'EMFILE' || error.code === 'ENFILE');
}
