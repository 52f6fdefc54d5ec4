import type { Member, MessageFrame } from '../plain-frames.js';
import type { CurrentMessage } from './current-message.js';

/** Users whom a reaction names. */
export const MOST_REACTION_USERS = 100;

/** A message as HTTP answers and events show it: fields that say nothing are left out. */
export interface ShownMessage extends MessageFrame {
  /** In ascending order of `reaction`. */
  reactions?: Array<{ reaction: string; count: number; me: boolean; users: number[] }>;
  replies?: number;
  deleted?: { by: Member; at: number };
}

/** @param userId the user who reads it, for `me` of reactions; undefined if unknown */
export function showMessage(
  { reactions, replies, deleted, ...frame }: CurrentMessage,
  userId: number | undefined,
): ShownMessage {
  const counts = reactions.map(({ reaction: name, users }) => ({
    reaction: name,
    count: users.length,
    me: userId !== undefined && users.includes(userId),
    users: users.slice(0, MOST_REACTION_USERS),
  }));
  return {
    ...frame,
    ...(counts.length === 0 ? {} : { reactions: counts }),
    ...(replies === 0 ? {} : { replies }),
    ...(deleted === undefined ? {} : { deleted }),
  };
}
