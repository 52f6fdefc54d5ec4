import type { Backoff } from '../options.js';

/**
 * Full jitter: any time from 0 to the bound is as likely as any other, so that clients who lost their
 * gateway together do not come back together. See "Exponential Backoff And Jitter", AWS Architecture
 * Blog, 2015.
 *
 * @param attempt how many have failed in a row before; 0 for the first
 * @param random as `Math.random`
 */
export function fullJitter(attempt: number, { baseMs, capMs }: Backoff, random: () => number): number {
  return random() * Math.min(capMs, baseMs * 2 ** attempt);
}
