import { type ClientFrame, checkText } from '@chorus/protocol';
import type { CommandSession } from '../command-session.js';
import { changeMessage } from './change-message.js';

type AppendFrame = Extract<ClientFrame, { type: 'append' }>;

/** Adds text at the end of an own message. */
export function append(session: CommandSession, frame: AppendFrame): void {
  const { target: at } = frame;
  const piece = { content: frame.text };
  changeMessage(session, frame, {
    grows: true,
    text: { type: 'append', ...piece },
    check: (limits, target, { content: text } = piece) =>
      checkText(text, (target?.length ?? 0) + text.length, limits),
    parts: (start, target, { content: text } = piece) => {
      target.length += text.length;
      return { change: 'appended', target: at, text, ...start };
    },
  });
}
