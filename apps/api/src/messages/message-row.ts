import type { MessageFrame } from '@chorus/protocol';

/** A message of the database, as far as its frame has it. */
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
  changedEpoch: bigint | null;
  changedSeq: bigint | null;
}

/** Returns the frame that sockets would receive, with the changes so far. */
export function messageFrameOf(roomId: number, row: MessageRow): MessageFrame {
  const { n, clientMsgId, data, mentions, editedAt, replyEpoch, replySeq, changedEpoch, changedSeq } = row;
  return {
    ...{ seq: Number(row.seq), epoch: Number(row.epoch), ...(n === null ? {} : { n: Number(n) }) },
    type: 'message',
    ...(mentions === null || mentions.length === 0 ? {} : { mentions: mentions.map(mentionOf) }),
    ...(replyEpoch === null ? {} : { replyTo: { epoch: Number(replyEpoch), seq: Number(replySeq) } }),
    ...{ content: row.content, roomId, username: row.username, userId: Number(row.userId), id: row.id },
    sentAt: row.sentAt.getTime(),
    ...(clientMsgId === null ? {} : { clientMsgId }),
    ...(editedAt === null ? {} : { editedAt: editedAt.getTime() }),
    ...(changedEpoch === null ? {} : { changed: { epoch: Number(changedEpoch), seq: Number(changedSeq) } }),
    ...(data === null ? {} : { data: JSON.parse(data) }),
  };
}

/** 0 stands for all members. */
function mentionOf(user: bigint): number | 'room' {
  return user === 0n ? 'room' : Number(user);
}
