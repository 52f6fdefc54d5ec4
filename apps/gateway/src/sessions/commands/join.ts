import { CLOSE, type ClientFrame } from '@chorus/protocol';
import { abandonJoin, type PreparedJoin, prepareJoin } from '../../rooms/prepared-join.js';
import { RoomMembership } from '../room-membership.js';
import type { CommandSession } from './session.js';

type JoinFrame = Extract<ClientFrame, { type: 'join' }>;

/** Enters a room, or answers once more for one that the socket is in. */
export function join(session: CommandSession, frame: JoinFrame): void {
  const { queue, context } = session;
  const { maxRooms } = context.limits;
  const roomIds = new Set(session.roomIds);
  if (!roomIds.has(frame.roomId) && roomIds.size >= maxRooms) session.refuse('too_many_rooms', frame);
  // Joins come faster than they can be done, as when Redis is slow to answer.
  else if (queue.pending >= maxRooms) session.refuse('too_many_messages', frame);
  else queue.run(frame.roomId, () => prepare(session, frame));
}

async function prepare(session: CommandSession, frame: JoinFrame): Promise<void> {
  const { context, user, tokenId, generation } = session;
  const { roomId, since } = frame;
  if (session.socket === undefined) return;
  if (since !== undefined && !session.mayReplay(roomId)) {
    session.refuse('too_many_messages', frame);
    return;
  }
  try {
    const [verdict] = await context.access.check([{ userId: user.id, tokenId, generation, roomId }]);
    if (verdict === 'ok') completeJoin(session, await prepareJoin(context.hub, roomId, since, true), frame);
    else if (verdict === 'banned-from-room') session.refuse('banned', frame);
    else session.close(verdict === 'banned' ? CLOSE.disconnected : CLOSE.unauthenticated);
  } catch (error) {
    session.failed(error, frame);
  }
}

/** Joins at once with what was prepared, or gives it back: what may have happened meanwhile is looked at here. */
export function completeJoin(session: CommandSession, join: PreparedJoin, frame: JoinFrame): void {
  const { room } = join;
  const banned = session.wasBanned(room.id);
  if (session.socket === undefined || banned || room.deleted) {
    abandonJoin(session.context.hub, join);
    if (banned) session.refuse('banned', frame);
    else session.refuse('unknown_room', frame);
    return;
  }
  if (join.replay !== undefined) session.replayed(room.id);
  const membership = session.rooms.get(room.id);
  if (membership !== undefined) membership.rejoin(join);
  else session.rooms.add(new RoomMembership(session, join));
}
