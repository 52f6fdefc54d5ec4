import { readdirSync, readFileSync } from 'node:fs';

/*
 * What a process costs, as Linux accounts for it. `schedstat` counts nanoseconds on a processor for each thread;
 * `stat` counts ticks of 10 ms, but includes threads that have ended.
 */

/** True on every Linux, whatever the kernel's own tick is. */
const MICROS_PER_TICK = 10_000;

export interface Stat {
  readonly parent: number;
  /** Processor time of all its threads, in microseconds. */
  readonly own: number;
  /** Processor time of its children that have ended and been waited for, in microseconds. */
  readonly endedChildren: number;
}

/** @throws when there is no such process */
export function readStat(pid: number): Stat {
  const text = readFileSync(`/proc/${pid}/stat`, 'utf8');
  // The second field is the name in parentheses, which may contain anything; then follow state (3rd), parent (4th) …
  // .
  const fields = text
    .slice(text.lastIndexOf(')') + 2)
    .split(' ')
    .map(Number);
  const [user = 0, system = 0, childrenUser = 0, childrenSystem = 0] = fields.slice(11, 15);
  return {
    parent: fields[1] ?? 0,
    own: (user + system) * MICROS_PER_TICK,
    endedChildren: (childrenUser + childrenSystem) * MICROS_PER_TICK,
  };
}

/**
 * Returns user and system time so far over all threads of the process, in microseconds; with a resolution of
 * nanoseconds unless threads have ended.
 * @throws when there is no such process
 */
export function cpuMicros(pid: number): number {
  let nanos = 0;
  for (const task of readdirSync(`/proc/${pid}/task`)) {
    nanos += Number(readFileSync(`/proc/${pid}/task/${task}/schedstat`, 'utf8').split(' ')[0]);
  }
  return Math.max(nanos / 1_000, readStat(pid).own);
}

/** Returns the memory of the process that is in RAM, in bytes. @throws when there is no such process */
export function residentBytes(pid: number): number {
  const line = /^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'));
  return Number(line?.[1] ?? 0) * 1_024;
}
