import type { Strain } from './ipc.js';

/** Above this load a worker gets later and later. */
const MAX_BUSY = 0.85;
const MAX_DELAY_MS = 20;
const MAX_LATE_MS = 20;
/** Share of the measured seconds; single seconds can have other causes. */
const MAX_SHARE = 0.1;

/** Descriptors that a process needs besides its sockets. */
const OTHER_DESCRIPTORS = 64;

/**
 * Returns why the figures of a run may describe the tool. Each sentence stands alone.
 * @param strains of each worker, one per measured second
 */
export function findBottlenecks(strains: ReadonlyArray<readonly Strain[]>): string[] {
  return strains.flatMap((seconds, worker) => {
    const found: string[] = [];
    const say = (
      pick: (strain: Strain) => number,
      limit: number,
      text: (typical: number) => string,
    ): void => {
      const over = seconds.map(pick).filter((value) => value > limit);
      if (over.length <= seconds.length * MAX_SHARE) return;
      const typical = over.sort((a, b) => a - b)[over.length >> 1] ?? 0;
      found.push(`worker ${worker + 1} ${text(typical)} in ${over.length} of ${seconds.length} seconds`);
    };
    const percent = (share: number): string => `${Math.round(share * 100)} %`;
    say(
      ({ busy, cpu }) => Math.max(busy, cpu),
      MAX_BUSY,
      (busy) => `was busy for ${percent(busy)} of the time`,
    );
    say(
      ({ delayMs }) => delayMs,
      MAX_DELAY_MS,
      (ms) => `noticed what happened up to ${Math.round(ms)} ms late`,
    );
    say(
      ({ lateMs }) => lateMs,
      MAX_LATE_MS,
      (ms) => `sent up to ${Math.round(ms)} ms later than it meant to`,
    );
    return found;
  });
}

/** Returns which limits of the system may explain the figures. */
export function findLimits(
  shares: ReadonlyArray<{ first: number; end: number }>,
  fileDescriptors: number | undefined,
  failures: Readonly<Record<string, number>>,
): string[] {
  const found: string[] = [];
  for (const [worker, { first, end }] of shares.entries()) {
    if (fileDescriptors !== undefined && end - first + OTHER_DESCRIPTORS > fileDescriptors) {
      found.push(
        `worker ${worker + 1} has ${end - first} connections and may open ${fileDescriptors} files: use more workers`,
      );
    }
  }
  if (failures.EMFILE !== undefined)
    found.push('connects failed for want of file descriptors: use more workers');
  if (failures.EADDRNOTAVAIL !== undefined) {
    found.push('connects failed for want of local ports: give more source addresses');
  }
  return found;
}
