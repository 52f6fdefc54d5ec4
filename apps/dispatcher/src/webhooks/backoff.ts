/** Longest pause after a failed delivery, in milliseconds. */
const LONGEST_MS = 3_600_000;

/** Returns the pause after a number of failed attempts. Half of it is random, so that endpoints are not called all at once. */
export function backoffMs(attempts: number, first: number): number {
  const pause = Math.min(LONGEST_MS, first * 2 ** Math.min(attempts - 1, 20));
  return pause * (0.5 + Math.random() / 2);
}
