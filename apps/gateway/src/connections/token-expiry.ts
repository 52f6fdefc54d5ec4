import { CLOSE } from '@chorus/protocol';
import type { Closeable } from '@chorus/service';
import type { Connections } from './connections.js';

const LOOK_EVERY_MS = 1_000;

/** Ends connections whose token has ended, at most a second later. One timer serves them all. */
export function endExpired(connections: Connections): Closeable {
  const timer = setInterval(() => {
    for (const seat of connections.expired(Date.now())) seat.end(CLOSE.unauthenticated);
  }, LOOK_EVERY_MS);
  return { close: async () => clearInterval(timer) };
}
