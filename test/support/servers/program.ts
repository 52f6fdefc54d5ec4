import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { endWithOwner, guardedCommand } from '@chorus/local';
import { root } from '../root.js';

/** One of the project's programs, run as a person would run it. */
export interface Program {
  readonly pid: number;
  /** What it has printed so far. */
  readonly stdout: string;
  readonly stderr: string;
  /** Resolves with the first match in what it prints on standard output; rejects when it ends before. */
  printed(pattern: RegExp): Promise<RegExpExecArray>;
  /** Ctrl-C in a terminal: the signal goes to all of the process group. */
  interrupt(): void;
  kill(signal: NodeJS.Signals): void;
  /** Its exit status, or the signal that ended it. */
  readonly ended: Promise<number | NodeJS.Signals | null>;
}

/**
 * Starts one of the project's programs.
 * @param file relative to the project's root
 * @param limits `openFiles` is the number of files that the program may have open
 */
export function startProgram(
  file: string,
  args: readonly string[],
  env: Record<string, string>,
  limits: { openFiles?: number | undefined } = {},
): Program {
  const limit = limits.openFiles === undefined ? '' : `ulimit -n ${limits.openFiles}; `;
  const command = ['-c', `${limit}exec "$0" "$@"`, process.execPath, file, ...args];
  return startCommand('/bin/sh', command, { cwd: root, env });
}

/** Starts a command, as in a terminal. @param env what it gets besides `PATH` and `HOME` */
export function startCommand(
  command: string,
  args: readonly string[],
  { cwd, env }: { cwd: string; env: Record<string, string> },
): Program {
  const { PATH, HOME } = process.env;
  // However the tests end, it ends with them.
  const guarded = guardedCommand(command, [...args], { signal: 'SIGKILL' });
  const child: ChildProcess = spawn(guarded.command, guarded.args, {
    cwd,
    env: { PATH, HOME, ...env },
    stdio: ['ignore', 'pipe', 'pipe', 'pipe'],
    // The leader of a process group of its own, as in a terminal.
    detached: true,
  });
  endWithOwner(child);
  let stdout = '';
  let stderr = '';
  child.stdout?.on('data', (chunk) => {
    stdout += chunk;
  });
  child.stderr?.on('data', (chunk) => {
    stderr += chunk;
  });
  const ended = once(child, 'close').then(([code, signal]) => code ?? signal);
  const pid = child.pid ?? 0;
  return {
    pid,
    ended,
    get stdout() {
      return stdout;
    },
    get stderr() {
      return stderr;
    },
    interrupt: () => process.kill(-pid, 'SIGINT'),
    kill: (signal) => child.kill(signal),
    printed: (pattern) =>
      new Promise((resolve, reject) => {
        const check = (): void => {
          const match = pattern.exec(stdout);
          if (match === null) return;
          child.stdout?.off('data', check);
          resolve(match);
        };
        child.stdout?.on('data', check);
        check();
        void ended.then((end) => reject(new Error(`it ended with ${end}: ${stdout}${stderr}`)));
      }),
  };
}
