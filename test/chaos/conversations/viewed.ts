import type { CurrentMessage, Message } from '@chorus/client';
import type { ViewedMessage } from '../history/conversation.js';

/** A message as the API or a client shows it. */
export type ShownMessage = Message &
  Partial<Pick<CurrentMessage, 'replies' | 'deleted'>> & { reactions?: unknown };

/** Either as the API counts them or as clients keep them. */
interface ShownReaction {
  reaction: string;
  count?: number;
  me?: boolean;
  users?: readonly number[];
}

/** Returns a message as a checker compares it. */
export function viewed(message: ShownMessage, viewer: number): ViewedMessage {
  const {
    epoch,
    seq,
    userId,
    content,
    editedAt,
    deleted,
    replies = 0,
    mentions = [],
    replyTo,
    data,
  } = message;
  const reactions = (message.reactions ?? []) as readonly ShownReaction[];
  return {
    ...{ epoch, seq, userId, content, isEdited: editedAt !== undefined, deletedBy: deleted?.by.id, replies },
    reactions: reactions.map(
      ({ reaction, users = [], count = users.length, me = users.includes(viewer) }) => ({
        ...{ reaction, count, me },
      }),
    ),
    ...{ mentions, replyTo: replyTo && { epoch: replyTo.epoch, seq: replyTo.seq } },
    data: data === undefined ? undefined : JSON.stringify(data),
  };
}
