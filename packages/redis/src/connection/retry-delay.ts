/** Delay before connection attempt `attempt` (1, 2, …), in milliseconds. */
export function retryDelayMs(attempt: number): number {
  // Not longer: a failover must heal within two seconds, and other parts recover only after the connection.
  const longest = 50 * 2 ** Math.min(attempt - 1, 3);
  // Partly random, so that processes do not reconnect simultaneously.
  return longest * (0.5 + Math.random() / 2);
}
