import type { Spread } from '../rehearsals/perform.js';

/** Gateways are level when the fullest has at most this multiple of the emptiest. */
export const LEVEL = 1.15;
/**
 * Interval at which a gateway checks whether it is too full, and its pause afterwards, in seconds (the gateway's
 * rebalance module).
 */
const LOOK_SECONDS = 10;
/** A moved client reconnects within a second, and reports are up to a second old. */
const RETURN_SECONDS = 5;

/**
 * Returns the ratio of the fullest gateway's connections to the emptiest's; infinite with fewer gateways than
 * expected.
 */
export function ratio(spread: Spread | undefined, gateways: number): number {
  const counts = Object.values(spread?.connections ?? {});
  if (counts.length < gateways) return Number.POSITIVE_INFINITY;
  return Math.max(...counts) / Math.max(1, Math.min(...counts));
}

/** Returns the connections of all gateways together. */
export function total(spread: Spread | undefined): number {
  return Object.values(spread?.connections ?? {}).reduce((sum, one) => sum + one, 0);
}

/**
 * Returns the configured time until connections are level after gateways were added: the old ones notice, close the
 * excess at their pace, and check whether that was enough.
 */
export function levelSeconds(options: { from: number; to: number; sharePerMinute: number }): number {
  const { from, to, sharePerMinute } = options;
  if (sharePerMinute === 0) return LOOK_SECONDS;
  return 2 * LOOK_SECONDS + ((1 - from / to) / sharePerMinute) * 60 + RETURN_SECONDS;
}

/** Returns the seconds until they were level and stayed so; undefined if they did not. */
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
