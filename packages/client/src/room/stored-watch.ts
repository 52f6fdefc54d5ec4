import type { Outbox } from './outbox.js';
import type { Timers } from './timers.js';

/** Delay of the first check after a reconnect, in milliseconds. The delay doubles with each check. */
const FIRST_MS = 5_000;
/** Longest delay between two checks, in milliseconds. */
const RAREST_MS = 60_000;

/**
 * Finds out whether acknowledged messages are stored. Gateways report it only to the connection that sent the
 * message. After that connection has ended, and while there are acknowledged messages that may not be stored, the
 * client joins the room again from time to time: the answer has the stored position.
 */
export function watchStored(outbox: Outbox, timers: Timers, rejoin: () => void) {
  let asking = false;
  const later = (ms: number): void => {
    asking = outbox.awaitsStored;
    if (!asking) return;
    timers.after(ms, () => {
      if (outbox.awaitsStored) rejoin();
      later(Math.min(ms * 2, RAREST_MS));
    });
  };
  return {
    start(): void {
      if (!asking) later(FIRST_MS);
    },
    /** The timers were cancelled. */
    ended(): void {
      asking = false;
    },
  };
}
