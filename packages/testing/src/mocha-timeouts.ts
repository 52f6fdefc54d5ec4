import mocha from 'mocha';
import { slowness } from './slowness.js';

/* Multiplies the timeout of every test and hook by `TEST_SLOWNESS`. Loaded by Mocha, which has no option for it. */

const factor = slowness();
const { prototype } = mocha.Runnable;
const original = prototype.timeout as (this: Mocha.Runnable, ms?: number | string) => unknown;

prototype.timeout = function (this: Mocha.Runnable, ...args: [] | [number | string]) {
  const [ms] = args;
  if (ms === undefined) return original.call(this);
  return original.call(this, typeof ms === 'number' ? ms * factor : ms);
} as typeof prototype.timeout;
