import type { MessageFrame } from '../plain-frames.js';
import { isAfter, type Position } from '../position.js';
import type { ChangeFrame, MessageChange } from './change-frames.js';
import { type CurrentMessage, newMessage, type Reaction } from './current-message.js';

export { type CurrentMessage, newMessage } from './current-message.js';

/** An entry of a room's stream. */
export type Entry = MessageFrame | ChangeFrame;

type Deletion = Extract<ChangeFrame, { change: 'deleted' }>;

/** Returns the position of the message that an entry changes; undefined if it changes none. */
export function changedMessage(entry: Entry): Position | undefined {
  if (entry.type === 'message') return entry.replyTo;
  return 'target' in entry ? entry.target : undefined;
}

/**
 * Applies an entry to a message. The archiver, clients and checkers share this function, so all agree on what a message is.
 *
 * Entries must be given in the order of their positions. An entry that was applied before, is about another message, or comes
 * after the deletion of the message changes nothing, and the same object is returned.
 */
export function fold(message: CurrentMessage, entry: Entry): CurrentMessage {
  const target = changedMessage(entry);
  if (target?.epoch !== message.epoch || target.seq !== message.seq) return message;
  if (!isAfter(entry, message.changed ?? message)) return message;
  const changed = { epoch: entry.epoch, seq: entry.seq };
  if (entry.type === 'message') return { ...message, replies: message.replies + 1, changed };
  if (message.deleted || !('target' in entry)) return message;
  return applyChange(message, entry, changed);
}

/** Returns what a deletion leaves of a message that is not known otherwise. */
export function tombstoneOf(deletion: Deletion): CurrentMessage {
  const { roomId, target, author, n, originalSentAt: sentAt } = deletion;
  const { id: userId, username } = author;
  const about = { n, content: '', roomId, username, userId, id: '', sentAt };
  return fold(newMessage({ ...target, type: 'message', ...about }), deletion);
}

function applyChange(message: CurrentMessage, change: MessageChange, changed: Position): CurrentMessage {
  switch (change.change) {
    case 'edited': {
      const { content, sentAt: editedAt, mentions, data } = change;
      const about = { ...(mentions && { mentions }), ...(data && { data }) };
      return { ...message, content, editedAt, ...about, changed };
    }
    case 'appended':
      return { ...message, content: message.content + change.text, changed };
    case 'reacted':
    case 'unreacted': {
      const { reaction, userId } = change;
      const set = change.change === 'reacted';
      return { ...message, reactions: withReaction(message.reactions, reaction, userId, set), changed };
    }
    case 'deleted': {
      const { data, mentions, editedAt, ...rest } = message;
      return { ...rest, content: '', reactions: [], deleted: deletedBy(change), changed };
    }
    default:
      return change satisfies never;
  }
}

function deletedBy({ userId, username, sentAt }: Deletion): NonNullable<CurrentMessage['deleted']> {
  return { by: { id: userId, username }, at: sentAt };
}

function withReaction(
  reactions: readonly Reaction[],
  reaction: string,
  userId: number,
  set: boolean,
): readonly Reaction[] {
  const users = new Set(reactions.find((each) => each.reaction === reaction)?.users);
  if (set) users.add(userId);
  else users.delete(userId);
  const changed = reactions.filter((each) => each.reaction !== reaction);
  if (users.size > 0) changed.push({ reaction, users: [...users].sort((a, b) => a - b) });
  return changed.sort((a, b) => (a.reaction < b.reaction ? -1 : 1));
}
