import { type ClientFrame, checkReaction } from '@chorus/protocol';
import { changeMessage } from './change-message.js';
import type { CommandSession } from './command-session.js';

type ReactFrame = Extract<ClientFrame, { type: 'react' | 'unreact' }>;

/** Sets a reaction to a message, or takes it back. */
export function react(session: CommandSession, frame: ReactFrame): void {
  const { target, reaction, type } = frame;
  const change = type === 'react' ? 'reacted' : 'unreacted';
  changeMessage(session, frame, {
    check: (limits) => checkReaction(reaction, limits),
    parts: (start) => ({ change, target, reaction, ...start }),
  });
}
