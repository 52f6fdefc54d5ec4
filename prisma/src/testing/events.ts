import type { Database } from '../database.js';

/** Makes a database record events, as a webhook does that never receives any. */
export async function listenForEvents(db: Database): Promise<void> {
  await db.webhook.create({ data: { url: 'https://example.com', secret: 'x', position: 0, enabled: false } });
}

/** Returns all events in their order, those of the log first. */
export async function recordedEvents(db: Database) {
  return db.$queryRaw<
    Array<{
      type: string;
      roomId: number | null;
      seq: number | null;
      userId: number | null;
      data: Record<string, unknown> | null;
    }>
  >`SELECT type, room_id::float8 AS "roomId", seq::float8 AS seq, user_id::float8 AS "userId", data FROM (
      SELECT 0 AS part, position AS at, type, room_id, seq, user_id, data FROM events
      UNION ALL SELECT 1, id, type, room_id, seq, user_id, data FROM event_outbox
    ) every ORDER BY part, at`;
}
