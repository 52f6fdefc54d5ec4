import type { ClientHistory, Fault, History } from './history.js';

/** A time in which others could take a user for gone who was connected to a gateway that could say nothing. */
export interface TakenForGone {
  readonly from: number;
  readonly to: number;
}

/** How far what a client knows of times may be from what gateways know, in milliseconds. */
const BLUR_MS = 500;

/**
 * When a gateway could not renew its lease for longer than that lasts, each of its users counts as gone until it is
 * heard of again; they know nothing of it.
 *
 * @param afterMs how long after it others may still be told
 */
export function takenForGone(client: ClientHistory, history: History, afterMs: number): TakenForGone[] {
  return cutOffTimes(client, history)
    .filter(({ cut }) => cut.endedAt - cut.startedAt >= history.promises.leaseMs - BLUR_MS)
    .map(({ from, cut }) => ({ from, to: cut.endedAt + afterMs }));
}

/** When the gateway of a client did nothing or could not reach Redis, from when on while it was connected to it. */
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
  /** Undefined for a plain client, which is not told. */
  readonly nodeId: string | undefined;
  readonly from: number;
  to: number;
}

/** The connections of a client and the gateways that they led to. */
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
