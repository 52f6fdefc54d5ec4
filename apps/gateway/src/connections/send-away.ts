import { randomInt } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Connections, Seat, WhySentAway } from './connections.js';

/** Clients that are told when to come back are told a moment up to here, in milliseconds: they never come at once. */
const RETURN_WITHIN_MS = 1_000;

/** However few there are, that many a second may go: nobody waits for the sake of an even pace. */
const LEAST_PER_SECOND = 100;

const TICK_MS = 50;

/** Longest time that is made up for in one go, in milliseconds: a process that stood still causes no rush. */
const MAX_CATCH_UP_MS = 200;

export function sendAway(seat: Seat, why: WhySentAway): void {
  seat.sendAway(randomInt(RETURN_WITHIN_MS), why);
}

/**
 * Sends everybody away who is here now, the oldest first, evenly over `durationMs`, or faster when they are few. When
 * the time is over whoever is left goes at once.
 *
 * @throws {unknown} the signal's reason, once it was given
 */
export async function sendAllAway(
  connections: Connections,
  durationMs: number,
  signal: AbortSignal,
  why: WhySentAway = 'drain',
): Promise<void> {
  const seats = [...connections.seats()];
  const perMs = Math.max(seats.length / durationMs, LEAST_PER_SECOND / 1_000);
  const start = performance.now();
  let last = start;
  let allowance = 1;
  for (const seat of seats) {
    for (; allowance < 1 && last - start < durationMs; ) {
      await sleep(TICK_MS, undefined, { signal });
      const now = performance.now();
      allowance += Math.min(now - last, MAX_CATCH_UP_MS) * perMs;
      last = now;
    }
    allowance--;
    sendAway(seat, why);
  }
}
