import { CLOSE } from '@chorus/protocol';
import type { Closeable } from '@chorus/service';
import type { ConnectionRegistry } from '../connections/connection-registry.js';

/** Interval at which connections with an expired token are looked for, in milliseconds. */
const INTERVAL_MS = 1_000;

/** Ends connections whose token has expired, at most a second later. One timer serves all of them. */
export function endExpired(connections: Pick<ConnectionRegistry, 'expired'>): Closeable {
  const timer = setInterval(() => {
    for (const slot of connections.expired(Date.now())) slot.end(CLOSE.unauthenticated);
  }, INTERVAL_MS);
  return { close: async () => clearInterval(timer) };
}
