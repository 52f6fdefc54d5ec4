/** How long to wait before connection attempt `attempt` (1, 2, …), in milliseconds. */
export function retryDelayMs(attempt: number): number {
  // Not longer: what is left of two seconds has to do for everything that heals after the connection.
  const longest = 50 * 2 ** Math.min(attempt - 1, 3);
  // Partly at random, so that processes do not all come at the same moment.
  return longest * (0.5 + Math.random() / 2);
}
