import { accessTo, type ClientFrame, leastFor, type ReadNoticeFrame } from '@chorus/protocol';
import { checkAccess } from '../../../rooms/prepared-join.js';
import { answerFailure } from './answer-failure.js';
import type { CommandSession } from './command-session.js';

type MarkReadFrame = Extract<ClientFrame, { type: 'read' }>;

/** Marks a room as read, which the socket need not have joined. Frames about one room take effect in the order in which they arrive. */
export function read(session: CommandSession, frame: MarkReadFrame): void {
  session.changes.run(frame.roomId, async () => {
    try {
      await mark(session, frame);
    } catch (error) {
      answerFailure(session, error, frame);
    }
  });
}

async function mark(session: CommandSession, frame: MarkReadFrame): Promise<void> {
  const { context, user, tokenId, generation } = session;
  const { roomId, epoch, seq, unread = false } = frame;
  const { membership } = await checkAccess(context.access, { userId: user.id, tokenId, generation, roomId });
  if (membership === undefined) {
    session.refuse('unavailable', frame);
    return;
  }
  // A room that the socket has not joined may be a private one.
  const kind = session.rooms.get(roomId)?.room.kind ?? 'private';
  const decision = accessTo('markRead', kind, membership.role);
  if (decision === 404) session.refuse('room_not_found', frame);
  else if (decision === 403) session.refuse('role_required', frame, leastFor('markRead', kind));
  else {
    const { n, ...at } = await context.reads.mark(roomId, user.id, { epoch, seq }, unread);
    const notice: ReadNoticeFrame = {
      ...{ type: 'read', roomId, userId: user.id, epoch: at.epoch, seq: at.seq },
      ...(n === undefined ? {} : { n }),
      ...(unread ? { unread } : {}),
    };
    session.send(JSON.stringify(notice));
  }
}
