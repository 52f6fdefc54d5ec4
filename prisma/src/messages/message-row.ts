import type { CurrentMessage, MessageFrame, Position, Reaction } from '@chorus/protocol';

/** A message of the database with the columns of {@link FRAME_COLUMNS}: all that its frame has. */
export interface FrameRow {
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
  changedEpoch: bigint | null;
  changedSeq: bigint | null;
}

/** A message of the database with the columns of {@link MESSAGE_COLUMNS}: all but its reactions. */
export interface MessageRow extends FrameRow {
  deletedAt: Date | null;
  deletedBy: bigint | null;
  deletedByName: string | null;
  replies: number;
}

/** Columns of the table `messages`, with the alias `m`. */
export const FRAME_COLUMNS = `m.epoch, m.seq, m.n, m.message_id AS id, m.user_id AS "userId", m.username, m.content,
  m.sent_at AS "sentAt", m.client_msg_id AS "clientMsgId", m.data::text AS data, m.mentions,
  m.reply_to_epoch AS "replyEpoch", m.reply_to_seq AS "replySeq", m.edited_at AS "editedAt",
  m.changed_epoch AS "changedEpoch", m.changed_seq AS "changedSeq"`;

/** Columns of the table `messages`, with the alias `m`. */
export const MESSAGE_COLUMNS = `${FRAME_COLUMNS}, m.deleted_at AS "deletedAt", m.deleted_by AS "deletedBy",
  m.deleted_by_name AS "deletedByName", m.replies`;

/** Id that stands for all members in the columns that hold mentioned users. */
export const ALL_MEMBERS = 0;

/** Returns the frame that sockets would receive, with the changes that archivers have applied. */
export function messageFrameOf(roomId: number, row: FrameRow): MessageFrame {
  const { n, clientMsgId, data, mentions, editedAt } = row;
  const replyTo = placeOf(row.replyEpoch, row.replySeq);
  const changed = placeOf(row.changedEpoch, row.changedSeq);
  return {
    ...{ seq: Number(row.seq), epoch: Number(row.epoch), ...(n === null ? {} : { n: Number(n) }) },
    type: 'message',
    ...(mentions === null || mentions.length === 0 ? {} : { mentions: mentions.map(mentionOf) }),
    ...(replyTo === undefined ? {} : { replyTo }),
    ...{ content: row.content, roomId, username: row.username, userId: Number(row.userId), id: row.id },
    sentAt: row.sentAt.getTime(),
    ...(clientMsgId === null ? {} : { clientMsgId }),
    ...(editedAt === null ? {} : { editedAt: editedAt.getTime() }),
    ...(changed === undefined ? {} : { changed }),
    ...(data === null ? {} : { data: JSON.parse(data) }),
  };
}

/** Returns the message with the changes that archivers have applied. */
export function currentMessageOf(
  roomId: number,
  row: MessageRow,
  reactions: readonly Reaction[],
): CurrentMessage {
  const { deletedAt, deletedBy, deletedByName, replies } = row;
  const message = { ...messageFrameOf(roomId, row), reactions, replies };
  if (deletedAt === null) return message;
  const by = { id: Number(deletedBy ?? 0n), username: deletedByName ?? '' };
  return { ...message, deleted: { by, at: deletedAt.getTime() } };
}

function mentionOf(user: bigint): number | 'room' {
  return Number(user) === ALL_MEMBERS ? 'room' : Number(user);
}

function placeOf(epoch: bigint | null, seq: bigint | null): Position | undefined {
  return epoch === null || seq === null ? undefined : { epoch: Number(epoch), seq: Number(seq) };
}
