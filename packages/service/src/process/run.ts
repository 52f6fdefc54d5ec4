import { ConfigError, StartError } from '../errors.js';
import { errorField, logVendorText, writeLogLine } from '../telemetry/log-line.js';
import type { Closeable } from './closer.js';
import { outlastDescriptors } from './outlast-descriptors.js';
import { onStopSignal } from './stop-signals.js';

/**
 * Two signals within this time count as one, in milliseconds: the terminal sends Ctrl-C to all processes, and npm and
 * pnpm pass it on to what they run.
 */
const SAME_SIGNAL_MS = 500;

/**
 * Runs a service's `main`: starts it, and closes it on SIGTERM, SIGINT or SIGHUP. A second signal, unless it is
 * SIGHUP, ends the process at once with status 1. The process ends by itself when nothing is left to do.
 *
 * A {@link ConfigError} or {@link StartError} is printed as one line and sets exit status 1; any other failure is a
 * bug and is logged with its stack. Text that libraries print while the service runs is logged too: every other line
 * is JSON. A failure for lack of file descriptors after the start does not end the process; see
 * {@link outlastDescriptors}.
 */
export async function run(start: () => Promise<Closeable>): Promise<void> {
  let stoppingSince: number | undefined;
  let service: Closeable | undefined;
  const fail = (error: unknown): void => {
    process.exitCode = 1;
    if (error instanceof ConfigError || error instanceof StartError) {
      process.stderr.write(`${error.message}\n`);
    } else {
      writeLogLine('fatal', 'failed', errorField(error));
    }
  };
  const stop = (): void => {
    if (stoppingSince !== undefined) return;
    stoppingSince = performance.now();
    service?.close().catch(fail);
  };
  onStopSignal((forcing) => {
    const again = stoppingSince !== undefined && performance.now() - stoppingSince > SAME_SIGNAL_MS;
    if (forcing && again) process.exit(1);
    stop();
  });
  logVendorText();
  outlastDescriptors();
  try {
    service = await start();
    // A signal during the start found nothing to close yet.
    if (stoppingSince !== undefined) await service.close();
  } catch (error) {
    fail(error);
  }
}
