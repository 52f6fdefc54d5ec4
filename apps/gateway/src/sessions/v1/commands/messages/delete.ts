import type { ClientFrame } from '@chorus/protocol';
import type { CommandSession } from '../command-session.js';
import { changeMessage } from './change-message.js';

type DeleteFrame = Extract<ClientFrame, { type: 'delete' }>;

/** Deletes a message: an own one, or any for moderators. The change carries what remains of the message. */
export function deleteMessage(session: CommandSession, frame: DeleteFrame): void {
  const { target } = frame;
  changeMessage(session, frame, {
    check: () => undefined,
    parts: (start, { author, n, sentAt }) => ({
      ...{ change: 'deleted', target, author, n, originalSentAt: sentAt, ...start },
    }),
  });
}
