import type { ClientHistory, History } from './history.js';

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
export function takenForGone(
  client: ClientHistory,
  { faults, promises, endedAt }: History,
  afterMs: number,
): TakenForGone[] {
  const times: TakenForGone[] = [];
  const cuts = faults.filter(
    ({ cutOff, startedAt, endedAt }) => cutOff && endedAt - startedAt >= promises.leaseMs - BLUR_MS,
  );
  for (const { cutOff, ...cut } of cuts) {
    for (const { nodeId, from, to } of connectionsOf(client, endedAt)) {
      const isOnIt = nodeId === undefined || cutOff?.includes(nodeId);
      if (!isOnIt || from > cut.endedAt || to < cut.startedAt) continue;
      times.push({ from: Math.max(from, cut.startedAt), to: cut.endedAt + afterMs });
    }
  }
  return times;
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
