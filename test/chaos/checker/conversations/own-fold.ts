import { formatPosition, isAfter, type Mention, type Position } from '@chorus/protocol';
import type { Entry, ViewedMessage } from '../../history/conversation.js';

// Written for the checker alone: the product's own function would hide its mistakes.

/**
 * Returns what a message is after the given entries, for one user. Undefined if they do not have the message itself or its deletion.
 * @param entries about the message, in the order of the room, with the message itself and replies to it
 */
export function foldOwn(
  place: Position,
  entries: readonly Entry[],
  viewer: number,
): ViewedMessage | undefined {
  let userId: number | undefined;
  let [content, isEdited, replies] = ['', false, 0];
  let mentions: readonly Mention[] = [];
  let [data, replyTo, deletedBy]: [string | undefined, Position | undefined, number | undefined] = [
    undefined,
    undefined,
    undefined,
  ];
  /** Changes up to there are in the message already. */
  let included: Position = place;
  const reactions = new Map<string, Set<number>>();
  for (const entry of entries) {
    if (entry.type === 'message' && formatPosition(entry) === formatPosition(place)) {
      ({ userId, content } = entry);
      isEdited = entry.editedAt !== undefined;
      mentions = entry.mentions ?? [];
      replyTo = entry.replyTo;
      data = entry.data === undefined ? undefined : JSON.stringify(entry.data);
      included = entry.changed ?? entry;
    } else if (entry.type === 'message') replies++;
    else if (deletedBy === undefined && isAfter(entry, included)) {
      switch (entry.change) {
        case 'edited':
          [content, isEdited] = [entry.content, true];
          mentions = entry.mentions ?? mentions;
          data = entry.data === undefined ? data : JSON.stringify(entry.data);
          break;
        case 'appended':
          content += entry.text;
          break;
        case 'reacted':
          reactions.set(entry.reaction, new Set([...(reactions.get(entry.reaction) ?? []), entry.userId]));
          break;
        case 'unreacted':
          reactions.get(entry.reaction)?.delete(entry.userId);
          break;
        case 'deleted':
          [content, data, mentions, isEdited] = ['', undefined, [], false];
          reactions.clear();
          userId ??= entry.author.id;
          deletedBy = entry.userId;
          break;
        default:
      }
    }
  }
  if (userId === undefined) return undefined;
  const counted = [...reactions]
    .filter(([, users]) => users.size > 0)
    .map(([reaction, users]) => ({ reaction, count: users.size, me: users.has(viewer) }))
    .sort((a, b) => (a.reaction < b.reaction ? -1 : 1));
  const { epoch, seq } = place;
  const at = replyTo && { epoch: replyTo.epoch, seq: replyTo.seq };
  return {
    ...{ epoch, seq, userId, content, isEdited, deletedBy, replies, reactions: counted },
    ...{ mentions, replyTo: at, data },
  };
}
