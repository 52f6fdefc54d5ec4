import type { Scenario } from '../scenario.js';

type Timing = Pick<Scenario, 'connections' | 'ramp' | 'warmUpMs' | 'durationMs' | 'settleMs'>;

/** How long a run takes if all goes well, in seconds. */
export function secondsOf({ connections, ramp, warmUpMs, durationMs, settleMs }: Timing): number {
  return connections / ramp + (warmUpMs + durationMs + settleMs) / 1_000;
}

/** So many sockets may share an account by default: gateways let a user have 50. */
const PER_ACCOUNT = 25;
const FEW_ACCOUNTS = 50;

/**
 * How many users to play, unless told: as many as there are sockets where tokens cost nothing; else few enough for
 * the limits of an API, which takes an eighth of a second of its processor for a new account.
 */
export function usersFor(connections: number, minted: boolean): number {
  if (minted) return connections;
  return Math.min(connections, Math.max(FEW_ACCOUNTS, Math.ceil(connections / PER_ACCOUNT)));
}
