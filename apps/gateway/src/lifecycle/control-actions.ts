import { setImmediate as nextTurn } from 'node:timers/promises';
import type { ControlEvent } from '@chorus/broker';
import { CLOSE } from '@chorus/protocol';
import type { Logger } from '@chorus/service';
import type { ConnectionRegistry } from '../connections/connection-registry.js';
import type { ConnectionSlot } from '../connections/connection-slot.js';
import type { Drain } from './drain.js';
import type { Rebalance } from './rebalance.js';

export interface ControlParts {
  nodeId: string;
  connections: ConnectionRegistry;
  drain: Drain;
  rebalance: Rebalance;
  log: Logger;
}

/** Connections handled before the event loop continues. */
const AT_ONCE = 500;

/** Applies an event of the cluster to the connections of this node. The hub applies it to the rooms. */
export function actOnConnections(event: ControlEvent, parts: ControlParts): void {
  const { connections, log } = parts;
  switch (event.type) {
    case 'room-deleted':
    case 'room-renamed':
    case 'room-listed':
    case 'room-unlisted':
      break;
    case 'token-revoked':
      for (const slot of connections.ofToken(event.tokenId)) slot.end(CLOSE.unauthenticated);
      break;
    case 'user-disconnected':
      endStay(connections.ofUser(event.userId), event.roomId, 'disconnected');
      break;
    case 'user-banned':
      endStay(connections.ofUser(event.userId), event.roomId, 'banned');
      break;
    case 'broadcast':
      broadcast(connections, event.content).catch((error: unknown) =>
        log.error({ err: error }, 'broadcast failed'),
      );
      break;
    case 'node-drain':
      if (event.nodeId === parts.nodeId) parts.drain.operate(event.on);
      break;
    case 'rebalance':
      parts.rebalance.start(event.sharePerMinute);
      break;
    default:
      event satisfies never;
  }
}

function endStay(
  slots: readonly ConnectionSlot[],
  roomId: number | undefined,
  why: 'banned' | 'disconnected',
): void {
  for (const slot of slots) {
    if (roomId === undefined) slot.end(CLOSE.disconnected);
    else slot.act((connection) => connection.removeFromRoom(roomId, why));
  }
}

/** Sends an operator's message to all connections that are open now. */
async function broadcast(connections: ConnectionRegistry, content: string): Promise<void> {
  let count = 0;
  for (const slot of [...connections.slots()]) {
    if (!slot.ending) slot.connection?.broadcast(content);
    if (++count % AT_ONCE === 0) await nextTurn();
  }
}
