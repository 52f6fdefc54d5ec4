import { type ClientFrame, checkReaction, checkReactions } from '@chorus/protocol';
import type { CommandSession } from '../command-session.js';
import { changeMessage } from './change-message.js';

type ReactFrame = Extract<ClientFrame, { type: 'react' | 'unreact' }>;

/** Sets a reaction to a message, or takes it back. */
export function react(session: CommandSession, frame: ReactFrame): void {
  const { target, reaction, type } = frame;
  const change = type === 'react' ? 'reacted' : 'unreacted';
  changeMessage(session, frame, {
    reacts: type === 'react',
    check: (limits, message) =>
      checkReaction(reaction, limits) ??
      (message?.reactions && checkReactions(reaction, message.reactions, limits)),
    parts: (start, message) => {
      message.reactions?.add(reaction);
      return { change, target, reaction, ...start };
    },
  });
}
