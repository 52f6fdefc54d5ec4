import { ALL_MEMBERS } from '@chorus/database';
import type { CurrentMessage } from '@chorus/protocol';

/** What a message is now, as parameter of the statements below. */
export const RECORD = `m(epoch bigint, seq bigint, n bigint, id text, "userId" bigint, username text, content text,
  "sentAt" bigint, "clientMsgId" text, bot boolean, data text, mentions bigint[], "replyEpoch" bigint, "replySeq" bigint,
  "editedAt" bigint, "deletedAt" bigint, "deletedBy" bigint, "deletedByName" text, "changedEpoch" bigint,
  "changedSeq" bigint, replies integer)`;

/** Returns a message as {@link RECORD} takes it. */
export function recordOf(message: CurrentMessage): Record<string, unknown> {
  const { epoch, seq, n, id, userId, username, content, sentAt, clientMsgId, data } = message;
  const { bot, mentions, replyTo, editedAt, deleted, changed, replies } = message;
  return {
    ...{ epoch, seq, n, id, userId, username, content, sentAt, clientMsgId, bot, replies, editedAt },
    ...{ data: data && JSON.stringify(data), mentions: mentions && mentionedUsers(message) },
    ...{ replyEpoch: replyTo?.epoch, replySeq: replyTo?.seq },
    ...{ deletedAt: deleted?.at, deletedBy: deleted?.by.id, deletedByName: deleted?.by.username },
    ...{ changedEpoch: changed?.epoch, changedSeq: changed?.seq },
  };
}

/** Ids of the users whom a message mentions; 0 for all members. */
export function mentionedUsers({ mentions = [] }: Pick<CurrentMessage, 'mentions'>): number[] {
  return [...new Set(mentions.map((mention) => (mention === 'room' ? ALL_MEMBERS : mention)))];
}
