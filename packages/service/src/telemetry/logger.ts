import { writeSync } from 'node:fs';
import { type Logger, pino } from 'pino';

export type { Logger } from 'pino';

/** A destination with this field gets the level of each line before the line. */
const LEVELS: unique symbol = Symbol.for('pino.metadata');

type LogOutput = ReturnType<typeof pino.destination> & {
  [LEVELS]?: true;
  lastLevel?: number;
  readonly destroyed?: boolean;
};

export const LOG_LEVELS = ['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent'] as const;

/** Lines are written together when there are this many bytes of them, */
const GATHERED_BYTES = 4_096;
/** or this long after the first of them, in milliseconds. A process that is killed loses lines of this time. */
const GATHERED_MS = 50;
/** Level of a warning. It, and what is worse, is written at once, with the lines before it. */
const WARN = 40;

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
  const output = pino.destination({ fd: 2, sync: false, minLength: GATHERED_BYTES });
  gatherLines(output);
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

/** A write for each line would take a busy API a twentieth of its time. */
function gatherLines(output: LogOutput): void {
  output[LEVELS] = true;
  const write = output.write.bind(output);
  let timer: NodeJS.Timeout | undefined;
  const flush = (): void => {
    timer = undefined;
    if (output.destroyed !== true) output.flush();
  };
  output.write = (line) => {
    const written = write(line);
    if ((output.lastLevel ?? WARN) >= WARN) output.flush();
    // Also then: while a write is in progress, a flush does nothing.
    if (timer === undefined) timer = setTimeout(flush, GATHERED_MS).unref();
    return written;
  };
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
