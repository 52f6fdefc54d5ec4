import type { ClientFrame } from '@chorus/protocol';
import { TooManyInboxRoomsError } from '../../../inbox/inboxes.js';
import type { CommandSession } from './command-session.js';

type WatchInboxFrame = Extract<ClientFrame, { type: 'watch-inbox' }>;

/** Sends the socket news of all rooms of its user from now on. */
export function watchInbox(session: CommandSession, frame: WatchInboxFrame): void {
  const waitMs = session.budget.watchInbox(performance.now());
  if (waitMs > 0) {
    session.refuse('too_many_messages', { ...frame, retryAfterMs: Math.ceil(waitMs) });
    return;
  }
  session.context.inboxes.watch(session).catch((error: unknown) => {
    if (error instanceof TooManyInboxRoomsError) session.refuse('too_many_rooms', frame);
    else session.failed(error, frame);
  });
}
