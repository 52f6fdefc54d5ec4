import type { ClientFrame } from '@chorus/protocol';
import { type PreparedJoin, prepareJoin, prepareJoinNow } from '../../../rooms/prepared-join.js';
import { answerFailure } from './answer-failure.js';
import type { CommandSession } from './command-session.js';

type JoinFrame = Extract<ClientFrame, { type: 'join' }>;

/** Joins a room. For a room that the socket has joined already, answers again. */
export function join(session: CommandSession, frame: JoinFrame): void {
  const { queue, context } = session;
  const { maxRooms } = context.limits;
  const roomIds = new Set(session.roomIds);
  if (!roomIds.has(frame.roomId) && roomIds.size >= maxRooms) session.refuse('too_many_rooms', frame);
  // Joins arrive faster than they complete, for example while Redis is slow.
  else if (queue.pending >= maxRooms) session.refuse('too_many_messages', frame);
  else {
    const now = prepareNow(session, frame);
    if (now !== undefined) session.join(now, frame);
    else queue.run(frame.roomId, () => prepare(session, frame));
  }
}

/** Undefined for a join that has to wait. */
function prepareNow(session: CommandSession, { roomId, since }: JoinFrame): PreparedJoin | undefined {
  const { context, queue, user, tokenId, generation, open } = session;
  if (!open || since !== undefined || queue.isBusy(roomId)) return undefined;
  return prepareJoinNow(context, { userId: user.id, tokenId, generation, roomId }, true);
}

async function prepare(session: CommandSession, frame: JoinFrame): Promise<void> {
  const { context, user, tokenId, generation } = session;
  const { roomId, since } = frame;
  if (!session.open) return;
  if (since !== undefined && !session.mayReplay(roomId)) {
    session.refuse('too_many_messages', frame);
    return;
  }
  try {
    const subject = { userId: user.id, tokenId, generation, roomId };
    session.join(await prepareJoin(context, subject, since, true), frame);
  } catch (error) {
    answerFailure(session, error, frame);
  }
}
