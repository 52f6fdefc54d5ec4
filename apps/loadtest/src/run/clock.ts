import { performance } from 'node:perf_hooks';

const [seconds, nanos] = process.hrtime();
/** `performance.now` counts from the start of the process, and is cheaper to call than `process.hrtime`. */
const offset = seconds * 1_000 + nanos / 1_000_000 - performance.now();

/** Returns milliseconds of a monotonic clock that all processes of this machine share. */
export function now(): number {
  return performance.now() + offset;
}
