import type { Position } from '@chorus/protocol';
import type { Database } from '../database.js';
import { Prisma } from '../generated/client.js';
import type { EventType } from './event-types.js';

/** An event to record. */
export interface NewEvent {
  readonly type: EventType;
  readonly roomId?: number | undefined;
  /** Position of the message that it is about. The text of a message is never part of an event. */
  readonly message?: Position | undefined;
  /** The user who acted, or whom the event is about; null if unknown. */
  readonly userId?: number | null | undefined;
  /** JSON object. */
  readonly data?: object | undefined;
}

/** Condition of every statement that records events: it costs one look at empty tables while no program listens. */
export const LISTENED = 'EXISTS (SELECT FROM event_listeners)';

/** Condition of recording presence: a program listens to at least one of its types. */
export const PRESENCE_LISTENED = 'EXISTS (SELECT FROM presence_listeners)';

/**
 * Returns the statement that records events in their order, or a part of a statement that does more. Events of a room keep their
 * order over transactions if each holds the same lock of the room while it records and until it commits.
 *
 * @param condition further condition, over other parts of the statement
 */
export function recording(events: readonly NewEvent[], condition = Prisma.sql`true`): Prisma.Sql {
  const rows = events.map(({ type, roomId, message, userId, data }) => ({
    ...{ type, roomId, epoch: message?.epoch, seq: message?.seq, userId, data },
  }));
  return Prisma.sql`INSERT INTO event_outbox (type, room_id, epoch, seq, user_id, data)
    SELECT e.type, e."roomId", e.epoch, e.seq, e."userId", e.data FROM json_to_recordset(${JSON.stringify(rows)}::json)
      AS e(type text, "roomId" bigint, epoch bigint, seq bigint, "userId" bigint, data jsonb)
    WHERE ${Prisma.raw(LISTENED)} AND ${condition}`;
}

/** Records events within a transaction; nothing while no program listens. */
export async function recordEvents(
  db: Pick<Database, '$executeRaw'>,
  events: readonly NewEvent[],
): Promise<void> {
  if (events.length > 0) await db.$executeRaw(recording(events));
}
