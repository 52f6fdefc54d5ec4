import type { CurrentMessage, Reaction } from '@chorus/protocol';
import { type MessageRow, messageFrameOf } from './message-row.js';

/** A message of the database, with everything that changes have made of it but the reactions. */
export interface CurrentRow extends MessageRow {
  deletedAt: Date | null;
  deletedBy: bigint | null;
  deletedByName: string | null;
  replies: number;
}

/** Returns the message with the changes that the archiver has applied. */
export function currentMessageOf(
  roomId: number,
  row: CurrentRow,
  reactions: readonly Reaction[],
): CurrentMessage {
  const { deletedAt, deletedBy, deletedByName, replies } = row;
  const message = { ...messageFrameOf(roomId, row), reactions, replies };
  if (deletedAt === null) return message;
  const by = { id: Number(deletedBy ?? 0n), username: deletedByName ?? '' };
  return { ...message, deleted: { by, at: deletedAt.getTime() } };
}
