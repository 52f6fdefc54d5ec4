import type { Scenario } from '../scenario.js';

type Timing = Pick<Scenario, 'connections' | 'ramp' | 'warmUpMs' | 'durationMs' | 'settleMs'>;

/** Returns the duration of a run without trouble, in seconds. */
export function secondsOf({ connections, ramp, warmUpMs, durationMs, settleMs }: Timing): number {
  return connections / ramp + (warmUpMs + durationMs + settleMs) / 1_000;
}

/** Default number of sockets per account: gateways allow 50 per user. */
const PER_ACCOUNT = 25;
const FEW_ACCOUNTS = 50;

/**
 * Returns the default number of users: one per socket if tokens cost nothing; otherwise few enough for the limits of
 * an API, which spends an eighth of a second of processor time per new account.
 */
export function usersFor(connections: number, minted: boolean): number {
  if (minted) return connections;
  return Math.min(connections, Math.max(FEW_ACCOUNTS, Math.ceil(connections / PER_ACCOUNT)));
}
