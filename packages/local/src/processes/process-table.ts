import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { promisify } from 'node:util';

export interface ProcessInfo {
  command: string;
  /** Distinguishes two processes that had one pid in succession. */
  started: string;
}

/** Returns the process with a pid; `undefined` if there is none. */
export async function lookUpProcess(pid: number): Promise<ProcessInfo | undefined> {
  try {
    return process.platform === 'linux' ? await readProc(pid) : await askPs(pid);
  } catch {
    return undefined;
  }
}

async function readProc(pid: number): Promise<ProcessInfo | undefined> {
  const [stat, command] = await Promise.all([
    readFile(`/proc/${pid}/stat`, 'utf8'),
    readFile(`/proc/${pid}/cmdline`, 'utf8'),
  ]);
  // The second field is the name in parentheses, which may contain anything; after it come state (3rd) … start time
  // (22nd).
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  const [state] = fields;
  if (state === 'Z' || state === 'X') return undefined;
  return { command: command.replaceAll('\0', ' ').trim(), started: fields[19] ?? '' };
}

async function askPs(pid: number): Promise<ProcessInfo | undefined> {
  const { stdout } = await promisify(execFile)('ps', ['-o', 'lstart=,command=', '-p', String(pid)]);
  // lstart has a fixed width: `Sun Nov 22 17:05:18 2026`.
  return { started: stdout.slice(0, 24), command: stdout.slice(24).trim() };
}
