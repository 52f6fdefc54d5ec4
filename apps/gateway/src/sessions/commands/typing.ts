import type { ClientFrame } from '@chorus/protocol';
import { encodeTyping } from '../../rooms/typing-notice.js';
import type { CommandSession } from './session.js';

type TypingFrame = Extract<ClientFrame, { type: 'typing' }>;

/**
 * Tells the room that the user is typing: once a second, from however many sockets, and in eight rooms at a time. What is
 * more is left out, as it is in an outage.
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
    context.log.debug({ roomId: frame.roomId, error: String(error) }, 'typing was not told');
  });
}
