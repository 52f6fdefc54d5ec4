import type { ClientHistory, Fault, History } from './history.js';

/** A time in which others could consider a user gone who was connected to a gateway that could not report it. */
export interface TakenForGone {
  readonly from: number;
  readonly to: number;
}

/** Largest difference between the times that a client and a gateway see, in milliseconds. */
const BLUR_MS = 500;

/**
 * When a gateway could not renew its lease for longer than that lasts, each of its users counts as gone until they
 * are reported again; they do not notice. Gateways renew every third of a lease: when one is cut off, a third of its lease may
 * have passed.
 * @param afterMs how long afterwards others may still be notified
 */
export function takenForGone(client: ClientHistory, history: History, afterMs: number): TakenForGone[] {
  return cutOffTimes(client, history)
    .filter(({ cut }) => cut.endedAt - cut.startedAt >= (history.promises.leaseMs * 2) / 3 - BLUR_MS)
    .map(({ from, cut }) => ({ from, to: cut.endedAt + afterMs }));
}

/**
 * Returns the times in which the gateway of a client was frozen or could not reach Redis, while the client was
 * connected to it.
 */
export function cutOffTimes(
  client: ClientHistory,
  { faults, endedAt }: History,
): Array<{ readonly from: number; readonly cut: Fault }> {
  const connections = connectionsOf(client, endedAt);
  return faults.flatMap((cut) =>
    connections
      .filter(({ nodeId, from, to }) => {
        const isOnIt = cut.cutOff !== undefined && (nodeId === undefined || cut.cutOff.includes(nodeId));
        return isOnIt && from <= cut.endedAt && to >= cut.startedAt;
      })
      .map(({ from }) => ({ from: Math.max(from, cut.startedAt), cut })),
  );
}

interface Connection {
  /** Undefined for a plain client, which does not learn it. */
  readonly nodeId: string | undefined;
  readonly from: number;
  to: number;
}

/** The connections of a client and their gateways. */
function connectionsOf({ events }: ClientHistory, endedAt: number): Connection[] {
  const connections: Connection[] = [];
  for (const event of events) {
    const last = connections.at(-1);
    if (event.type === 'connected') {
      // `<node id>-<start of the process>-<number>`
      const nodeId = event.connectionId.split('-').slice(0, -2).join('-') || undefined;
      connections.push({ nodeId, from: event.at, to: endedAt });
    } else if (event.type === 'disconnected' && last !== undefined) last.to = event.at;
  }
  return connections;
}
