import { type Logger, pino } from 'pino';

export type { Logger } from 'pino';

export const LOG_LEVELS = ['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent'] as const;

/**
 * One JSON line an event on standard error (standard output belongs to what a command prints).
 * Tokens, passwords, cookies and message content are never logged; the paths below are a second
 * net under that rule, for objects that reach a log line whole.
 */
export function createLogger(options: {
  service: string;
  level: (typeof LOG_LEVELS)[number];
  /** Which process of the cluster this is; a field of every line. */
  nodeId?: string;
}): Logger {
  const output = pino.destination({ fd: 2, sync: false });
  // A terminal that was closed, a reader that is gone, a disk that is full: lines are lost, and nothing else.
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
