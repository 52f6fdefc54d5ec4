import type { ClientFrame } from '@chorus/protocol';
import { encodeTyping } from '../../../rooms/typing-notice.js';
import type { CommandSession } from './command-session.js';

type TypingFrame = Extract<ClientFrame, { type: 'typing' }>;

/**
 * Notifies the room that the user is typing: at most once per second, over all sockets of the user, and in at most
 * eight rooms at a time. Further notices, and notices during an outage, are dropped.
 */
export function typing(session: CommandSession, frame: TypingFrame): void {
  const { context, user } = session;
  const membership = session.rooms.get(frame.roomId);
  if (membership === undefined) {
    session.refuse('not_joined', frame);
    return;
  }
  if (!membership.startTyping(performance.now())) return;
  context.publishNotice(frame.roomId, encodeTyping(frame.roomId, user)).catch((error: unknown) => {
    context.log.debug({ roomId: frame.roomId, error: String(error) }, 'typing notice was not published');
  });
}
