import type { Exit, GuardedProcess } from './processes/guarded-process.js';

/** A server on 127.0.0.1 that ends with its owner, even if the owner is killed. */
export interface LocalServer {
  readonly url: string;
  readonly port: number;
  readonly pid: number;
  /** Resolves when the server has ended, for any reason. */
  readonly exited: Promise<Exit>;
  /** For tests of failures; does nothing after the end. */
  kill(signal: NodeJS.Signals): void;
  /** Lets the owner end without closing the server, which then ends too. */
  unref(): void;
  close(): Promise<void>;
}

/** A server that runs as a guarded process. Its `close` runs once, however often it is called. */
export function localServer(
  server: GuardedProcess,
  address: Pick<LocalServer, 'url' | 'port'>,
  close: () => Promise<void>,
): LocalServer {
  let closing: Promise<void> | undefined;
  return {
    ...address,
    pid: server.pid,
    exited: server.exited,
    kill: (signal) => server.kill(signal),
    unref: () => server.unref(),
    close: () => {
      closing ??= close();
      return closing;
    },
  };
}
