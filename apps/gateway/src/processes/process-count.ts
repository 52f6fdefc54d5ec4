import { readFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';

/** What `GATEWAY_PROCESSES` may be; the text of the error about anything else. */
export const PROCESS_COUNT_RULE = 'must be a whole number from 1 to 128, or auto';

const MOST = 128;

/**
 * How many gateway processes `GATEWAY_PROCESSES` asks for; undefined when it makes no sense. `auto` is one for each
 * core that this process may use.
 *
 * Knows no library: the parent of several gateways is to stay small.
 */
export function processCount(text: string, cores: () => number = usableCores): number | undefined {
  if (text === 'auto') return Math.min(cores(), MOST);
  if (!/^\d{1,3}$/.test(text)) return undefined;
  const count = Number(text);
  return count >= 1 && count <= MOST ? count : undefined;
}

/**
 * Cores that this process may use, at least one: those of the machine, or as many as its container is given time for.
 * Sixty-four processes in a container with the time of two cores would be slower than two.
 *
 * @param read of a file, for tests
 */
export function usableCores(read: (file: string) => string = (file) => readFileSync(file, 'utf8')): number {
  const numbers = (file: string): number[] => {
    try {
      return read(file).trim().split(/\s+/).map(Number);
    } catch {
      return [];
    }
  };
  // Version 2 of control groups says `max` or the quota, and the period; version 1 has a file for each and -1 for none.
  const [quota = Number.NaN, period = Number.NaN] = [
    ...numbers('/sys/fs/cgroup/cpu.max'),
    ...numbers('/sys/fs/cgroup/cpu/cpu.cfs_quota_us'),
    ...numbers('/sys/fs/cgroup/cpu/cpu.cfs_period_us'),
  ];
  const given = quota > 0 && period > 0 ? Math.floor(quota / period) : Number.POSITIVE_INFINITY;
  return Math.max(1, Math.min(availableParallelism(), given));
}
