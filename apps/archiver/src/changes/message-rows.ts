import type { CurrentMessage, Position, Reaction } from '@chorus/protocol';

/** A message of the database, with the columns that {@link MESSAGE_COLUMNS} selects. */
export interface MessageRow {
  epoch: bigint;
  seq: bigint;
  n: bigint | null;
  id: string;
  userId: bigint;
  username: string;
  content: string;
  sentAt: Date;
  clientMsgId: string | null;
  data: string | null;
  mentions: bigint[] | null;
  replyEpoch: bigint | null;
  replySeq: bigint | null;
  editedAt: Date | null;
  deletedAt: Date | null;
  deletedBy: bigint | null;
  deletedByName: string | null;
  changedEpoch: bigint | null;
  changedSeq: bigint | null;
  replies: number;
  reactions: Reaction[] | null;
}

/** Of the table `m`. */
export const MESSAGE_COLUMNS = `m.epoch, m.seq, m.n, m.message_id AS id, m.user_id AS "userId", m.username, m.content,
  m.sent_at AS "sentAt", m.client_msg_id AS "clientMsgId", m.data::text, m.mentions, m.reply_to_epoch AS "replyEpoch",
  m.reply_to_seq AS "replySeq", m.edited_at AS "editedAt", m.deleted_at AS "deletedAt", m.deleted_by AS "deletedBy",
  m.deleted_by_name AS "deletedByName", m.changed_epoch AS "changedEpoch", m.changed_seq AS "changedSeq", m.replies`;

/** What a message is now, as parameter of the statements below. */
export const RECORD = `m(epoch bigint, seq bigint, n bigint, id text, "userId" bigint, username text, content text,
  "sentAt" bigint, "clientMsgId" text, data text, mentions bigint[], "replyEpoch" bigint, "replySeq" bigint,
  "editedAt" bigint, "deletedAt" bigint, "deletedBy" bigint, "deletedByName" text, "changedEpoch" bigint,
  "changedSeq" bigint, replies integer)`;

/** Users who are mentioned by `room`: all members. */
const ROOM = 0;

export function messageOfRow(roomId: number, row: MessageRow): CurrentMessage {
  const { n, clientMsgId, data, mentions, editedAt, deletedAt } = row;
  const reply = place(row.replyEpoch, row.replySeq);
  const changed = place(row.changedEpoch, row.changedSeq);
  return {
    ...{ seq: Number(row.seq), epoch: Number(row.epoch), ...(n === null ? {} : { n: Number(n) }) },
    type: 'message',
    ...(mentions === null || mentions.length === 0 ? {} : { mentions: mentions.map(mentionOf) }),
    ...(reply === undefined ? {} : { replyTo: reply }),
    ...{ content: row.content, roomId, username: row.username, userId: Number(row.userId), id: row.id },
    sentAt: row.sentAt.getTime(),
    ...(clientMsgId === null ? {} : { clientMsgId }),
    ...(editedAt === null ? {} : { editedAt: editedAt.getTime() }),
    ...(changed === undefined ? {} : { changed }),
    ...(data === null ? {} : { data: JSON.parse(data) }),
    ...{ reactions: row.reactions ?? [], replies: row.replies },
    ...(deletedAt === null
      ? {}
      : {
          deleted: {
            by: { id: Number(row.deletedBy), username: row.deletedByName ?? '' },
            at: deletedAt.getTime(),
          },
        }),
  };
}

/** Returns a message as {@link RECORD} takes it. */
export function recordOf(message: CurrentMessage): Record<string, unknown> {
  const { epoch, seq, n, id, userId, username, content, sentAt, clientMsgId, data } = message;
  const { mentions, replyTo, editedAt, deleted, changed, replies } = message;
  return {
    ...{ epoch, seq, n, id, userId, username, content, sentAt, clientMsgId, replies, editedAt },
    ...{ data: data && JSON.stringify(data), mentions: mentions && mentionedUsers(message) },
    ...{ replyEpoch: replyTo?.epoch, replySeq: replyTo?.seq },
    ...{ deletedAt: deleted?.at, deletedBy: deleted?.by.id, deletedByName: deleted?.by.username },
    ...{ changedEpoch: changed?.epoch, changedSeq: changed?.seq },
  };
}

/** Ids of the users whom a message mentions; 0 for all members. */
export function mentionedUsers({ mentions = [] }: Pick<CurrentMessage, 'mentions'>): number[] {
  return [...new Set(mentions.map((mention) => (mention === 'room' ? ROOM : mention)))];
}

function mentionOf(user: bigint): number | 'room' {
  return Number(user) === ROOM ? 'room' : Number(user);
}

function place(epoch: bigint | null, seq: bigint | null): Position | undefined {
  return epoch === null || seq === null ? undefined : { epoch: Number(epoch), seq: Number(seq) };
}
