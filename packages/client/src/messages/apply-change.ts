import { fold, newMessage } from '@chorus/protocol/fold';
import type { Change, CurrentMessage, Message } from '../entries.js';

/** The entry as the protocol declares it: equal, except that its arrays may be written to. */
type FoldedEntry = Parameters<typeof fold>[1];
type FoldedMessage = Parameters<typeof fold>[0];

/** Returns a message of the room or of the history as one that changes can be applied to. */
export function currentMessage(message: Message): CurrentMessage {
  // Histories of servers that know reactions have the counts.
  return { ...newMessage(message as FoldedMessage), ...message };
}

/**
 * Applies a change, or a reply, to a message. An entry that was applied before, is about another message, or comes after the deletion of
 * the message changes nothing, and the same object is returned. Entries must be given in the order of the room.
 */
export function applyChange(message: CurrentMessage, entry: Change | Message): CurrentMessage {
  return fold(message as FoldedMessage, entry as FoldedEntry);
}
