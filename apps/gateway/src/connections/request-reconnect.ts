import { randomInt } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import type { ConnectionRegistry } from './connection-registry.js';
import type { ConnectionSlot, ReconnectCause } from './connection-slot.js';

/** Upper bound of the random reconnect delay, in milliseconds, which keeps clients from reconnecting simultaneously. */
const RECONNECT_WITHIN_MS = 1_000;

/** Minimum number of clients asked per second: a few clients need no even pace. */
const LEAST_PER_SECOND = 100;

const TICK_MS = 50;

/**
 * Maximum delay that is caught up at once, in milliseconds: after a standstill of the process, clients are not asked in
 * a burst.
 */
const MAX_CATCH_UP_MS = 200;

/** Source of time, in milliseconds. */
export interface ReconnectClock {
  now(): number;
  /** @throws {unknown} the signal's reason when it is aborted */
  sleep(ms: number, signal: AbortSignal): Promise<void>;
}

export const SYSTEM_CLOCK: ReconnectClock = {
  now: () => performance.now(),
  sleep: (ms, signal) => sleep(ms, undefined, { signal }),
};

/** Ends the connection and asks its client to reconnect after a random delay. */
export function requestReconnect(slot: ConnectionSlot, cause: ReconnectCause): void {
  slot.requestReconnect(randomInt(RECONNECT_WITHIN_MS), cause);
}

/**
 * Asks the clients of all open connections to reconnect, oldest first, spread evenly over `durationMs`, or faster if
 * they are few. Asks the remaining ones at once after that time.
 *
 * @throws {unknown} the signal's reason when it is aborted
 */
export async function requestReconnects(
  connections: ConnectionRegistry,
  durationMs: number,
  signal: AbortSignal,
  cause: ReconnectCause = 'drain',
  clock: ReconnectClock = SYSTEM_CLOCK,
): Promise<void> {
  const slots = [...connections.slots()];
  const perMs = Math.max(slots.length / durationMs, LEAST_PER_SECOND / 1_000);
  const start = clock.now();
  let last = start;
  let allowance = 1;
  for (const slot of slots) {
    for (; allowance < 1 && last - start < durationMs; ) {
      await clock.sleep(TICK_MS, signal);
      const now = clock.now();
      allowance += Math.min(now - last, MAX_CATCH_UP_MS) * perMs;
      last = now;
    }
    allowance--;
    requestReconnect(slot, cause);
  }
}
