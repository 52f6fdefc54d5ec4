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
  // If the terminal was closed, the reader has ended or the disk is full, only log lines are lost.
  output.on('error', () => {});
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
