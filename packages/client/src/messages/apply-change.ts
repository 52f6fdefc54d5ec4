import { fold, newMessage } from '@chorus/protocol/fold';
import type { Change, CurrentMessage, Message, Reaction } from '../entries.js';

/** The entry as the protocol declares it: equal, except that its arrays may be written to. */
type FoldedEntry = Parameters<typeof fold>[1];
type FoldedMessage = Parameters<typeof fold>[0];

/** Returns a message of the room or of the history as one that changes can be applied to. */
export function currentMessage(message: Message): CurrentMessage {
  // Those of the history have reactions already.
  const { reactions = [] } = message as Partial<CurrentMessage>;
  return { ...newMessage(message as FoldedMessage), ...message, reactions: reactions.map(reactionOf) };
}

/**
 * Applies a change, or a reply, to a message. An entry that was applied before, is about another message, or comes after the deletion of
 * the message changes nothing, and the same object is returned. Entries must be given in the order of the room.
 */
export function applyChange(message: CurrentMessage, entry: Change | Message): CurrentMessage {
  const now = fold(message as FoldedMessage, entry as FoldedEntry);
  if (now.reactions === message.reactions) return now as CurrentMessage;
  return { ...now, reactions: now.reactions.map((each) => counted(each, message.reactions)) };
}

/** The history has more fields of a reaction, and versions before it only the count. */
function reactionOf({ reaction, count, users = [] }: Reaction): Reaction {
  return { reaction, count, users };
}

/** Adds the count: of all users, of whom the history names the first only. */
function counted({ reaction, users }: Omit<Reaction, 'count'>, before: readonly Reaction[]): Reaction {
  const known = before.find((each) => each.reaction === reaction);
  const unnamed = known === undefined ? 0 : known.count - known.users.length;
  return { reaction, count: users.length + unnamed, users };
}
