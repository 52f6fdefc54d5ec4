/**
 * Returns the percentile by the nearest rank. @param sorted ascending @param share from 0 to 1 @returns 0 without
 * values
 */
export function percentile(sorted: readonly number[], share: number): number {
  return sorted[Math.max(0, Math.ceil(sorted.length * share) - 1)] ?? 0;
}
