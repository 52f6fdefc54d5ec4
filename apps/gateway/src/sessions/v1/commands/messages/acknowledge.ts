import type { Position } from '@chorus/broker';
import { Ack } from '../../../../rooms/acks.js';
import type { RoomMembership } from '../../../room-membership.js';
import type { CommandSession } from '../command-session.js';

/** Acknowledges an entry once it is delivered on this node. */
export function acknowledge(
  session: CommandSession,
  membership: RoomMembership,
  clientMsgId: string,
  position: Position,
): void {
  const { context, rooms } = session;
  const { room } = membership;
  context.counters.acks++;
  const stays = rooms.get(room.id) === membership;
  context.acks.add(
    new Ack(session, room, clientMsgId, position),
    stays ? context.hub.position(room) : position,
  );
}
