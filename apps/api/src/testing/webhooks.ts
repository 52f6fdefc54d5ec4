import type { Database } from '@chorus/database';

export const ENDPOINT = 'https://example.com/hook';

/** Removes all webhooks, and makes the log have the events 11 to 40, one a minute from 2026-01-01T00:11:00Z on. */
export async function resetWebhooks(db: Database): Promise<void> {
  await db.$executeRaw`TRUNCATE webhooks, events, event_outbox RESTART IDENTITY CASCADE`;
  await db.$executeRaw`UPDATE event_log SET position = 40, removed = 10`;
  await db.$executeRaw`
    INSERT INTO events (position, type, at)
    SELECT n, 'user.created', timestamptz '2026-01-01 00:00Z' + n * interval '1 minute' FROM generate_series(11, 40) n`;
}
