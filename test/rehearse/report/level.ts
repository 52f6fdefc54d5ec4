import type { Spread } from '../rehearsals/perform.js';

/** Gateways are level when the fullest has at most so many times what the emptiest has. */
export const LEVEL = 1.15;
/** How often a gateway looks whether it is too full, and how long after it was, in seconds (`rebalance.ts` of the gateway). */
const LOOK_SECONDS = 10;
/** Who was sent away comes back within a second, and reports are a second old. */
const RETURN_SECONDS = 5;

/** The fullest gateway's connections in those of the emptiest; infinite as long as there are fewer than so many. */
export function ratio(spread: Spread | undefined, gateways: number): number {
  const counts = Object.values(spread?.connections ?? {});
  if (counts.length < gateways) return Number.POSITIVE_INFINITY;
  return Math.max(...counts) / Math.max(1, Math.min(...counts));
}

/** Connections of all gateways together. */
export function total(spread: Spread | undefined): number {
  return Object.values(spread?.connections ?? {}).reduce((sum, one) => sum + one, 0);
}

/**
 * How long it takes, by what is configured, until connections are level after gateways were added: the old ones
 * find out, give up what is too much at their pace, and look whether that was enough.
 */
export function levelSeconds(options: { from: number; to: number; sharePerMinute: number }): number {
  const { from, to, sharePerMinute } = options;
  if (sharePerMinute === 0) return LOOK_SECONDS;
  return 2 * LOOK_SECONDS + ((1 - from / to) / sharePerMinute) * 60 + RETURN_SECONDS;
}

/** Seconds until they were level and stayed so; undefined when they did not. */
export function levelAfter(
  spreads: readonly Spread[],
  since: number,
  until: number,
  gateways: number,
): number | undefined {
  let level: number | undefined;
  for (const spread of spreads) {
    if (spread.at < since || spread.at > until) continue;
    if (ratio(spread, gateways) > LEVEL) level = undefined;
    else level ??= spread.at - since;
  }
  return level;
}
