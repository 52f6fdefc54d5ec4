import type { Backoff } from '../options.js';

/**
 * Full jitter: a random wait between 0 and the bound, uniformly distributed, so that clients that lost their gateway
 * together do not reconnect together. See "Exponential Backoff And Jitter", AWS Architecture Blog, 2015.
 *
 * @param attempt number of failures in a row; 0 for the first attempt
 * @param random like `Math.random`
 */
export function fullJitter(attempt: number, { baseMs, capMs }: Backoff, random: () => number): number {
  return random() * Math.min(capMs, baseMs * 2 ** attempt);
}
