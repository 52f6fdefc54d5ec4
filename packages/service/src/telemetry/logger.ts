import { writeSync } from 'node:fs';
import { type Logger, pino } from 'pino';

export type { Logger } from 'pino';

/** A stream with this field gets the level of each line before the line. */
const LEVELS: unique symbol = Symbol.for('pino.metadata');

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
  const output = pino.destination({ fd: 2, sync: false });
  const lines = new GatheredLines((text) => output.write(text));
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
    lines.flush();
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
    lines,
  );
}

/** Gathers lines: a write for each of them would take a busy API a tenth of its time. */
class GatheredLines {
  readonly [LEVELS] = true;
  /** Level of the line that {@link write} gets next. */
  lastLevel = WARN;
  #text = '';
  #timer: NodeJS.Timeout | undefined;

  constructor(private readonly output: (text: string) => void) {}

  write(line: string): void {
    this.#text += line;
    if (this.lastLevel >= WARN || this.#text.length >= GATHERED_BYTES) this.flush();
    else this.#timer ??= setTimeout(() => this.flush(), GATHERED_MS);
  }

  flush(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    const text = this.#text;
    this.#text = '';
    if (text !== '') this.output(text);
  }
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
