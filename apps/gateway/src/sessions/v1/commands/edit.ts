import { type ClientFrame, checkParts } from '@chorus/protocol';
import { changeMessage } from './change-message.js';
import type { CommandSession } from './command-session.js';

type EditFrame = Extract<ClientFrame, { type: 'edit' }>;

/** Replaces the text of an own message. */
export function edit(session: CommandSession, frame: EditFrame): void {
  const { roomId, target, content, mentions, data } = frame;
  changeMessage(session, frame, {
    check: (limits) => {
      const user = session.rooms.get(roomId)?.roomUser;
      return user && checkParts(frame, limits, user);
    },
    parts: (start) => ({ change: 'edited', target, mentions, content, data, ...start }),
  });
}
