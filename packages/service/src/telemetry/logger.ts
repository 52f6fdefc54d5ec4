import { writeSync } from 'node:fs';
import { type Logger, pino } from 'pino';

export type { Logger } from 'pino';

export const LOG_LEVELS = ['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent'] as const;

/**
 * Logs one JSON line per event to standard error; standard output is for what commands print. Tokens, passwords,
 * cookies and message content must never be logged. The paths below are a second safeguard, for objects that are
 * logged whole.
 */
export function createLogger(options: {
  service: string;
  level: (typeof LOG_LEVELS)[number];
  /** Id of this process in the cluster; a field of every line. */
  nodeId?: string;
}): Logger {
  const output = pino.destination({ fd: 2, sync: false });
  let failing = false;
  // If the terminal was closed, the reader has ended or the disk is full, only log lines are lost.
  output.on('error', () => {
    failing = true;
  });
  output.on('write', () => {
    failing = false;
  });
  // Called when the process exits. sonic-boom 4.2.1 retries a write that fails for ever: the process would never end.
  const flushSync = output.flushSync.bind(output);
  output.flushSync = () => {
    if (!failing && writable(2)) flushSync();
  };
  return pino(
    {
      level: options.level,
      base: { service: options.service, ...(options.nodeId === undefined ? {} : { nodeId: options.nodeId }) },
      timestamp: pino.stdTimeFunctions.isoTime,
      formatters: { level: (label) => ({ level: label }) },
      redact: {
        paths: [
          'password',
          '*.password',
          'token',
          '*.token',
          'content',
          '*.content',
          '*.authorization',
          '*.cookie',
          '*["set-cookie"]',
          '*.headers.authorization',
          '*.headers.cookie',
        ],
        censor: '[redacted]',
      },
    },
    output,
  );
}

/** Returns false if writing to a descriptor fails, as to a terminal that was closed. */
function writable(fd: number): boolean {
  try {
    writeSync(fd, '');
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EAGAIN';
  }
}
