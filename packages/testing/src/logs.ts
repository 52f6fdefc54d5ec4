import type { Logger } from '@chorus/service';
import { type LevelWithSilent, pino } from 'pino';

/** Log that writes nothing. All tests of a process share it: to see what is logged, use {@link recordedLog}. */
export const silentLog: Logger = pino({ level: 'silent' });

type Line = Record<string, unknown>;

/** Log that keeps its lines, parsed. */
export function recordedLog(level: LevelWithSilent = 'debug'): {
  log: Logger;
  lines: Line[];
  /** Lines that contain a text, in a field or in the message. */
  about(text: string): Line[];
} {
  const lines: Line[] = [];
  const log = pino({ level }, { write: (line: string) => void lines.push(JSON.parse(line)) });
  return { log, lines, about: (text) => lines.filter((line) => JSON.stringify(line).includes(text)) };
}
