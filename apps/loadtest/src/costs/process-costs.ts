import { execFile } from 'node:child_process';
import { readdir, readFile } from 'node:fs/promises';
import { promisify } from 'node:util';

/** What a process has cost so far. */
export interface Reading {
  /** User and system time, in microseconds. */
  readonly cpuMicros: number;
  readonly residentBytes: number;
}

/** Where costs are read from. */
export interface CostSource {
  readonly name: string;
  /** Default: yes. */
  readonly holdsConnections?: boolean;
  /** @throws when it cannot be read now; the message is half a sentence */
  read(): Promise<Reading>;
}

/** On every Linux, whatever the kernel's own tick is. */
const MICROS_PER_TICK = 10_000;

/** A process of this machine with all that it has started, those that have ended included. */
export function processSource(name: string, pid: number): CostSource {
  return { name, read: () => (process.platform === 'linux' ? readProc(pid) : askPs(pid)) };
}

interface Stat {
  readonly parent: number;
  /** Of itself and of its children that have ended. */
  readonly cpuMicros: number;
}

async function readProc(root: number): Promise<Reading> {
  const stats = new Map<number, Stat>();
  const pids = (await readdir('/proc')).filter((entry) => /^\d+$/.test(entry)).map(Number);
  await Promise.all(
    pids.map(async (pid) => {
      const stat = await readStat(pid);
      if (stat !== undefined) stats.set(pid, stat);
    }),
  );
  if (!stats.has(root)) throw new Error(`there is no process ${root}`);
  const family = new Set([root]);
  // A Set hands out what is added while it is gone through.
  for (const member of family) {
    for (const [pid, { parent }] of stats) if (parent === member) family.add(pid);
  }
  let cpuMicros = 0;
  let residentBytes = 0;
  for (const pid of family) {
    cpuMicros += stats.get(pid)?.cpuMicros ?? 0;
    residentBytes += await readResident(pid);
  }
  return { cpuMicros, residentBytes };
}

/** Undefined for a process that has ended meanwhile. */
async function readStat(pid: number): Promise<Stat | undefined> {
  const text = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => undefined);
  if (text === undefined) return undefined;
  // The second field is the name in parentheses, which may hold anything; after it come state (3rd), parent (4th) … .
  const fields = text.slice(text.lastIndexOf(')') + 2).split(' ');
  const [utime, stime, childrenUser, childrenSystem] = fields.slice(11, 15).map(Number);
  const ticks = (utime ?? 0) + (stime ?? 0) + (childrenUser ?? 0) + (childrenSystem ?? 0);
  return { parent: Number(fields[1]), cpuMicros: ticks * MICROS_PER_TICK };
}

async function readResident(pid: number): Promise<number> {
  const status = await readFile(`/proc/${pid}/status`, 'utf8').catch(() => '');
  return Number(/^VmRSS:\s+(\d+) kB$/m.exec(status)?.[1] ?? 0) * 1_024;
}

/** Elsewhere: without its children. */
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
