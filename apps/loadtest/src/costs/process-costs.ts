import { execFile } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { promisify } from 'node:util';
import { cpuMicros, readStat, residentBytes, type Stat } from './proc-process.js';

/** Costs of a process so far. */
export interface Reading {
  /** User and system time, in microseconds. */
  readonly cpuMicros: number;
  readonly residentBytes: number;
}

/** A source of costs. */
export interface CostSource {
  readonly name: string;
  /** Default: true. */
  readonly holdsConnections?: boolean;
  /** @throws when it cannot be read; the message is a predicate such as "does not answer" */
  read(): Promise<Reading>;
}

/** A process of this machine with all its descendants, ended ones included. */
export function processSource(name: string, pid: number): CostSource {
  return { name, read: async () => (process.platform === 'linux' ? readProc(pid) : askPs(pid)) };
}

function readProc(root: number): Reading {
  const stats = new Map<number, Stat>();
  for (const entry of readdirSync('/proc')) {
    const stat = /^\d+$/.test(entry) ? unlessGone(() => readStat(Number(entry))) : undefined;
    if (stat !== undefined) stats.set(Number(entry), stat);
  }
  if (!stats.has(root)) throw new Error(`there is no process ${root}`);
  const family = new Set([root]);
  // Iterating over a Set includes elements that are added meanwhile.
  for (const member of family) {
    for (const [pid, { parent }] of stats) if (parent === member) family.add(pid);
  }
  const reading = { cpuMicros: 0, residentBytes: 0 };
  for (const pid of family) {
    const stat = stats.get(pid);
    reading.cpuMicros += (unlessGone(() => cpuMicros(pid)) ?? stat?.own ?? 0) + (stat?.endedChildren ?? 0);
    reading.residentBytes += unlessGone(() => residentBytes(pid)) ?? 0;
  }
  return reading;
}

/** Returns undefined for a process that has ended meanwhile. */
function unlessGone<T>(read: () => T): T | undefined {
  try {
    return read();
  } catch {
    return undefined;
  }
}

/** Used on systems other than Linux; children are not included. */
async function askPs(pid: number): Promise<Reading> {
  const { stdout } = await promisify(execFile)('ps', ['-o', 'rss=,time=', '-p', String(pid)]).catch(() => {
    throw new Error(`there is no process ${pid}`);
  });
  const [, kilobytes, time = ''] = /^\s*(\d+)\s+(\S+)/.exec(stdout) ?? [];
  const seconds = time
    .split(/[:-]/)
    .map(Number)
    .reduce((total, part) => total * 60 + part, 0);
  return { cpuMicros: seconds * 1e6, residentBytes: Number(kilobytes) * 1_024 };
}
