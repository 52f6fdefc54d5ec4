import type { ClientFrame } from '@chorus/protocol';
import type { CommandSession } from './command-session.js';

type LeaveFrame = Extract<ClientFrame, { type: 'leave' }>;

/** Leaves a room. A join in progress completes first. */
export function leave(session: CommandSession, frame: LeaveFrame): void {
  const { queue, context } = session;
  if (!queue.isBusy(frame.roomId)) leaveNow(session, frame);
  else if (queue.pending >= context.limits.maxRooms * 2) session.refuse('too_many_messages', frame);
  else queue.run(frame.roomId, async () => leaveNow(session, frame));
}

function leaveNow(session: CommandSession, frame: LeaveFrame): void {
  const membership = session.rooms.get(frame.roomId);
  if (membership === undefined) session.refuse('not_joined', frame);
  else session.leave(membership, 'left');
}
