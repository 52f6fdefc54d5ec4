import type { CurrentMessage, MessageFrame, Position, Reaction } from '@chorus/protocol';

/** A 64-bit number: `bigint` in rows of Prisma, `number` in those of `PreparedStatements`. */
export type Int8 = bigint | number;

/** A message of the database with the columns of {@link FRAME_COLUMNS}: all that its frame has. */
export interface FrameRow {
  epoch: Int8;
  seq: Int8;
  n: Int8 | null;
  id: string;
  userId: Int8;
  username: string;
  content: string;
  sentAt: Date;
  clientMsgId: string | null;
  /** True or null. */
  bot: boolean | null;
  data: string | null;
  mentions: Int8[] | null;
  replyEpoch: Int8 | null;
  replySeq: Int8 | null;
  editedAt: Date | null;
  changedEpoch: Int8 | null;
  changedSeq: Int8 | null;
}

/** A message of the database with the columns of {@link MESSAGE_COLUMNS}. */
export interface MessageRow extends FrameRow {
  deletedAt: Date | null;
  deletedBy: Int8 | null;
  deletedByName: string | null;
  replies: number;
  reactions: Reaction[] | null;
}

/** Columns of the table `messages`, with the alias `m`. */
export const FRAME_COLUMNS = `m.epoch, m.seq, m.n, m.message_id AS id, m.user_id AS "userId", m.username, m.content,
  m.sent_at AS "sentAt", m.client_msg_id AS "clientMsgId", m.bot, m.data::text AS data, m.mentions,
  m.reply_to_epoch AS "replyEpoch", m.reply_to_seq AS "replySeq", m.edited_at AS "editedAt",
  m.changed_epoch AS "changedEpoch", m.changed_seq AS "changedSeq"`;

/** Columns of the table `messages`, with the alias `m`, and its reactions. Only messages that changed can have some. */
export const MESSAGE_COLUMNS = `${FRAME_COLUMNS}, m.deleted_at AS "deletedAt", m.deleted_by AS "deletedBy",
  m.deleted_by_name AS "deletedByName", m.replies, CASE WHEN m.changed_epoch IS NOT NULL THEN (
    SELECT json_agg(json_build_object('reaction', r.reaction, 'users', r.users) ORDER BY r.reaction COLLATE "C") FROM (
      SELECT reaction, json_agg(user_id ORDER BY user_id) AS users FROM reactions
      WHERE room_id = m.room_id AND epoch = m.epoch AND seq = m.seq GROUP BY reaction
    ) r
  ) END AS reactions`;

/** Id that stands for all members in the columns that hold mentioned users. */
export const ALL_MEMBERS = 0;

type Draft<T> = { -readonly [Field in keyof T]: T[Field] };

/**
 * Returns the frame that sockets would receive, with the changes that archivers have applied. Fields are assigned in the order of the
 * frame: spreading optional ones took a tenth of the time of a request for a page.
 */
export function messageFrameOf(roomId: number, row: FrameRow): MessageFrame {
  const { n, clientMsgId, data, mentions, editedAt } = row;
  const replyTo = placeOf(row.replyEpoch, row.replySeq);
  const changed = placeOf(row.changedEpoch, row.changedSeq);
  const frame = { seq: Number(row.seq), epoch: Number(row.epoch) } as Draft<MessageFrame>;
  if (n !== null) frame.n = Number(n);
  frame.type = 'message';
  if (mentions !== null && mentions.length > 0) frame.mentions = mentions.map(mentionOf);
  if (replyTo !== undefined) frame.replyTo = replyTo;
  frame.content = row.content;
  frame.roomId = roomId;
  frame.username = row.username;
  frame.userId = Number(row.userId);
  frame.id = row.id;
  frame.sentAt = row.sentAt.getTime();
  if (clientMsgId !== null) frame.clientMsgId = clientMsgId;
  if (row.bot === true) frame.bot = true;
  if (editedAt !== null) frame.editedAt = editedAt.getTime();
  if (changed !== undefined) frame.changed = changed;
  if (data !== null) frame.data = JSON.parse(data);
  return frame;
}

/** Returns the message with the changes that archivers have applied. */
export function currentMessageOf(roomId: number, row: MessageRow): CurrentMessage {
  const { deletedAt, deletedBy, deletedByName, replies } = row;
  const message = messageFrameOf(roomId, row) as Draft<CurrentMessage>;
  message.reactions = row.reactions ?? [];
  message.replies = replies;
  if (deletedAt !== null) {
    const by = { id: Number(deletedBy ?? 0), username: deletedByName ?? '' };
    message.deleted = { by, at: deletedAt.getTime() };
  }
  return message;
}

function mentionOf(user: Int8): number | 'room' {
  return Number(user) === ALL_MEMBERS ? 'room' : Number(user);
}

function placeOf(epoch: Int8 | null, seq: Int8 | null): Position | undefined {
  return epoch === null || seq === null ? undefined : { epoch: Number(epoch), seq: Number(seq) };
}
