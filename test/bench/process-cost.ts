import { readdirSync, readFileSync } from 'node:fs';

/*
 * What a process costs, as Linux accounts for it. `schedstat` counts nanoseconds on a processor,
 * where `stat` counts ticks of 10 ms.
 */

/** Time on a processor so far, user and system, over all threads of the process; in microseconds. */
export function cpuMicros(pid: number): number {
  let nanos = 0;
  for (const task of readdirSync(`/proc/${pid}/task`)) {
    nanos += Number(readFileSync(`/proc/${pid}/task/${task}/schedstat`, 'utf8').split(' ')[0]);
  }
  return nanos / 1_000;
}

/** Memory of the process that is in RAM, in bytes. */
export function residentBytes(pid: number): number {
  const line = /^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'));
  return Number(line?.[1]) * 1_024;
}
