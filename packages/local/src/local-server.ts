import type { Exit } from './processes/guarded-process.js';

/** A server of one's own on 127.0.0.1; it ends with its owner, also when that is killed. */
export interface LocalServer {
  readonly url: string;
  readonly port: number;
  readonly pid: number;
  /** Resolves when the server has ended, asked for or not. */
  readonly exited: Promise<Exit>;
  /** For tests of failures; does nothing once it has ended. */
  kill(signal: NodeJS.Signals): void;
  /** Lets its owner end although this was not closed; it then ends, too. */
  unref(): void;
  close(): Promise<void>;
}
