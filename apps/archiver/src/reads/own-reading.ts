import { type Position, readerOf } from '@chorus/protocol';
import type { ArchiveEntry } from '../changes/read-entries.js';

/** A position up to which a member has read a room because of an entry of the room. */
export interface OwnReading extends Position {
  readonly roomId: number;
  readonly userId: number;
  /** Ordinal of the last message up to the position. */
  readonly n: number;
}

/**
 * Returns what entries tell about reading: users have read everything up to their own messages, and new members what was there
 * before. The last position of each user and room.
 *
 * @param entries those of a room in order
 */
export function ownReadings(entries: readonly ArchiveEntry[]): OwnReading[] {
  const last = new Map<string, OwnReading>();
  for (const entry of entries) {
    const frame = entry.type === 'message' ? entry : entry.frame;
    const userId = frame && readerOf(frame);
    // 0: a stand-in.
    if (userId === undefined || userId === 0) continue;
    const { roomId, epoch, seq, n = seq } = entry;
    last.set(`${roomId}:${userId}`, { roomId, userId, epoch, seq, n });
  }
  return [...last.values()];
}

/**
 * Returns the common table expression that moves the read positions of members forward. The locks of the rooms' heads come before: so
 * archivers that change the same members do not wait for each other here.
 *
 * @param json parameter with {@link OwnReading}s as JSON @param join joins that restrict `own`
 */
export const moveReads = (json: string, join = ''): string => `
  moved AS (
    UPDATE room_members member SET read_epoch = own.epoch, read_seq = own.seq, read_n = own.n
    FROM json_to_recordset(${json}::json) AS own("roomId" bigint, "userId" bigint, epoch bigint, seq bigint, n bigint) ${join}
    WHERE member.room_id = own."roomId" AND member.user_id = own."userId"
      AND (member.read_epoch, member.read_seq) < (own.epoch, own.seq)
      AND (coalesce(member.unread_epoch, 0), coalesce(member.unread_seq, 0)) < (own.epoch, own.seq)
  )`;
