import type { Member, MessageFrame } from '../plain-frames.js';

/** A reaction to a message. */
export interface Reaction {
  readonly reaction: string;
  /** Ids of the users who have set it, ascending. Never empty. */
  readonly users: readonly number[];
}

/**
 * A message as it is now: as it was sent, with all later entries up to `changed` applied. A deleted message has an empty
 * `content`, and no data, mentions or reactions.
 */
export interface CurrentMessage extends MessageFrame {
  /** In ascending order of `reaction`. */
  readonly reactions: readonly Reaction[];
  /** Number of messages that reply to this one, deleted ones included. */
  readonly replies: number;
  /** Who deleted it, and when, in milliseconds since 1970. */
  readonly deleted?: { readonly by: Member; readonly at: number } | undefined;
}

/** Returns a message that no later entry has changed. */
export function newMessage(frame: MessageFrame): CurrentMessage {
  return { ...frame, reactions: [], replies: 0 };
}
