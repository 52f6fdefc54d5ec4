/**
 * Factor for every timeout of a test: `TEST_SLOWNESS`, 1 if it is not set. A machine that is slow or busy needs more time,
 * and no test judges speed.
 *
 * @throws {RangeError} if `TEST_SLOWNESS` is not a number of at least 1
 */
export function slowness(env: NodeJS.ProcessEnv = process.env): number {
  const factor = Number(env.TEST_SLOWNESS || 1);
  if (!(factor >= 1 && factor <= 100)) {
    throw new RangeError(`TEST_SLOWNESS is "${env.TEST_SLOWNESS}", but must be a number from 1 to 100`);
  }
  return factor;
}

/** Time that a test waits on this machine for what takes up to `ms` on an idle one, in milliseconds. */
export function patiently(ms: number): number {
  return ms * slowness();
}
