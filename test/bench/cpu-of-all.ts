import { readdirSync, readFileSync } from 'node:fs';
import { cpuMicros } from '@chorus/loadtest';

/** Linux counts processor time in hundredths of a second. */
const MICROS_PER_TICK = 10_000;

/** Processor time of a server with all its processes, those that have ended included, in microseconds. */
export function cpuOfAll(pid: number): number {
  const children = readdirSync('/proc').filter((entry) => {
    try {
      return Number(statOf(entry)[1]) === pid;
    } catch {
      return false;
    }
  });
  const ended = statOf(String(pid)).slice(13, 15).map(Number);
  const endedMicros = ended.reduce((sum, ticks) => sum + ticks * MICROS_PER_TICK, 0);
  return children.reduce((sum, each) => sum + cpuOfChild(Number(each)), endedMicros + cpuMicros(pid));
}

/** Children end at any time: PostgreSQL has workers for a single statement. */
function cpuOfChild(pid: number): number {
  try {
    return cpuMicros(pid);
  } catch {
    return 0;
  }
}

/** Fields of a process behind its name: state, parent, and so on. */
function statOf(pid: string): string[] {
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
  return stat.slice(stat.lastIndexOf(')') + 2).split(' ');
}
