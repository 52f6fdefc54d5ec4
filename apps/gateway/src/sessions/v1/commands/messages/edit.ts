import { type ClientFrame, checkParts } from '@chorus/protocol';
import type { CommandSession } from '../command-session.js';
import { changeMessage } from './change-message.js';

type EditFrame = Extract<ClientFrame, { type: 'edit' }>;

/** Replaces the text of an own message. */
export function edit(session: CommandSession, frame: EditFrame): void {
  const { roomId, target, mentions } = frame;
  changeMessage(session, frame, {
    text: frame,
    check: (limits, _target, { content, data } = frame) => {
      const user = session.rooms.get(roomId)?.roomUser;
      return user && checkParts({ content, data, mentions }, limits, user);
    },
    parts: (start, _target, { content, data } = frame) => ({
      ...{ change: 'edited', target, mentions, content, data, ...start },
    }),
  });
}
