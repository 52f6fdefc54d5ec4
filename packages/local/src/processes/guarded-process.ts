import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import type { Socket } from 'node:net';
import { createInterface } from 'node:readline';
import type { Duplex, Readable } from 'node:stream';
import { StartError } from '@chorus/service';

export interface GuardedOptions {
  /** Name in messages: `redis-server`, `gateway-1`. */
  name: string;
  command: string;
  args: readonly string[];
  env?: NodeJS.ProcessEnv;
  cwd?: string;
  /** User of the process; only root may choose. */
  user?: { uid: number; gid: number } | undefined;
  /** Signal for the process when its owner dies. Default SIGTERM. */
  orphanSignal?: 'SIGTERM' | 'SIGINT' | 'SIGQUIT' | 'SIGKILL';
  /** A folder to remove when the owner has died and the process has ended. */
  orphanFolder?: string | undefined;
  /** Called with each line that the process writes to standard output or standard error. */
  onLine?: (line: string) => void;
}

/** How a process ended: one of the two is set. */
export interface Exit {
  code: number | null;
  signal: NodeJS.Signals | null;
}

/** A child process that cannot outlive its owner. */
export interface GuardedProcess {
  readonly pid: number;
  /** Resolves when it has ended, for any reason. Never rejects. */
  readonly exited: Promise<Exit>;
  readonly running: boolean;
  /** The most informative of its last lines; empty if it wrote none. */
  readonly lastWords: string;
  /**
   * Resolves with the first line that `isReady` accepts. Rejects with a StartError if the process ends before or
   * takes too long. It is ended then, because its starter has no handle to end it.
   */
  ready(isReady: (line: string) => boolean, timeoutMs: number): Promise<string>;
  /** Sends a signal; does nothing after the end. */
  kill(signal: NodeJS.Signals): void;
  /** Lets the owner end while the process is running; it then ends too. */
  unref(): void;
  /** Sends `signal`, then SIGKILL after `graceMs`; resolves when it has ended. */
  stop(signal: NodeJS.Signals, graceMs: number): Promise<void>;
}

/**
 * A subshell waits on a pipe whose other end only the owner holds. A line means that the process has ended by itself;
 * end-of-file without one means that the owner has ended, even by `kill -9`. `$$` stays the main shell's pid, which
 * `exec` keeps for the process. A stopped process must be continued before it can act on a signal. The guard ignores
 * the Ctrl-C of its process group.
 */
const GUARD = `
signal=$1; folder=$2; shift 2
(
  trap '' INT HUP
  read -r _ <&3 && exit
  kill -s "$signal" $$; kill -s CONT $$
  [ -n "$folder" ] || exit
  for _ in 1 2 3 4 5 6 7 8 9 10; do kill -0 $$ || break; sleep 0.5; done
  rm -rf "$folder"
) >/dev/null 2>&1 &
exec "$@" 3<&-
`;

const KEPT_LINES = 20;
/** How long a process that was not ready in time may take to end, in milliseconds. */
const LATE_STOP_MS = 10_000;

export interface GuardedCommand {
  readonly command: string;
  readonly args: readonly string[];
}

/**
 * Wraps a command so that it ends when this process has died. Descriptor 3 of the child must be a pipe; pass it to
 * {@link endWithOwner}.
 */
export function guardedCommand(
  command: string,
  args: readonly string[],
  options: { signal?: GuardedOptions['orphanSignal'] | undefined; folder?: string | undefined } = {},
): GuardedCommand {
  const signal = (options.signal ?? 'SIGTERM').slice('SIG'.length);
  return { command: '/bin/sh', args: ['-c', GUARD, 'sh', signal, options.folder ?? '', command, ...args] };
}

/** Releases the guard of a child when the child has ended by itself. @returns its pipe */
export function endWithOwner(child: ChildProcess): Duplex {
  const guard = child.stdio[3] as Duplex;
  // The guard may have ended already; then there is nothing to release.
  guard.on('error', () => {});
  child.once('exit', () => guard.end('ended\n'));
  return guard;
}

/**
 * Starts a process in a session of its own, so that Ctrl-C in a terminal reaches only its owner, and ties its life to
 * the owner's.
 */
export async function spawnGuarded(options: GuardedOptions): Promise<GuardedProcess> {
  const { command, args } = guardedCommand(options.command, options.args, {
    signal: options.orphanSignal,
    folder: options.orphanFolder,
  });
  const child = spawn(command, args, {
    stdio: ['ignore', 'pipe', 'pipe', 'pipe'],
    detached: true,
    ...(options.env === undefined ? {} : { env: options.env }),
    ...(options.cwd === undefined ? {} : { cwd: options.cwd }),
    ...(options.user ?? {}),
  });
  const guard = endWithOwner(child);

  const tail: string[] = [];
  const listeners = new Set<(line: string) => void>();
  for (const output of [child.stdout, child.stderr] as Readable[]) {
    createInterface({ input: output }).on('line', (line) => {
      tail.push(line);
      if (tail.length > KEPT_LINES) tail.shift();
      options.onLine?.(line);
      for (const listener of listeners) listener(line);
    });
  }

  let running = true;
  const exited = new Promise<Exit>((resolve) => {
    child.once('exit', () => {
      running = false;
    });
    // After the last line of output was read.
    child.once('close', (code, signal) => resolve({ code, signal }));
  });
  await once(child, 'spawn').catch((error: Error) => {
    throw new StartError(`${options.name} cannot be started: ${error.message}`);
  });
  const { pid } = child as { pid: number };

  const process: GuardedProcess = {
    pid,
    exited,
    get running() {
      return running;
    },
    get lastWords() {
      return mostTelling(tail);
    },
    kill(signal) {
      if (running) child.kill(signal);
    },
    unref() {
      child.unref();
      // Pipes are sockets in Node.
      for (const pipe of [child.stdout, child.stderr, guard]) (pipe as Socket).unref();
    },
    async stop(signal, graceMs) {
      process.kill(signal);
      const timer = setTimeout(() => process.kill('SIGKILL'), graceMs);
      await exited;
      clearTimeout(timer);
    },
    async ready(isReady, timeoutMs) {
      const said = () => (process.lastWords === '' ? '' : `: ${process.lastWords}`);
      return new Promise<string>((resolve, reject) => {
        const settle = (): void => {
          clearTimeout(timer);
          listeners.delete(onLine);
        };
        const onLine = (line: string): void => {
          if (!isReady(line)) return;
          settle();
          resolve(line);
        };
        const timer = setTimeout(() => {
          settle();
          void process.stop(options.orphanSignal ?? 'SIGTERM', LATE_STOP_MS);
          reject(new StartError(`${options.name} was not ready within ${timeoutMs / 1000} s${said()}`));
        }, timeoutMs);
        listeners.add(onLine);
        for (const line of [...tail]) onLine(line);
        void exited.then(() => {
          settle();
          reject(new StartError(`${options.name} ended while starting${said()}`));
        });
      });
    },
  };
  return process;
}

function mostTelling(lines: readonly string[]): string {
  const line = lines.findLast((line) =>
    /\b(fatal|error|cannot|could not|denied|failed|not found)\b/i.test(line),
  );
  return (line ?? lines.at(-1) ?? '').trim();
}
