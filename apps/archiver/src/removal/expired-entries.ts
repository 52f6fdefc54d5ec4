import type { ArchiveQueue, HistoryLimits } from '@chorus/broker';
import type { Database } from '@chorus/database';
import type { Pace } from '@chorus/service';
import { FIRST } from './entry-rows.js';
import { removeExpired } from './expired-step.js';

/** Longest step, in milliseconds. */
const TIMEOUT_MS = 10_000;
/** Rooms found, or given a head, at a time. */
const PAGE = 500;

export interface ExpiredEntriesOptions {
  /** Days for which entries of any room are kept; undefined for ever. */
  readonly retentionDays: number | undefined;
  readonly keep: HistoryLimits;
}

/**
 * Entries that are older than the retention of their room. Any number of archivers may remove them: a step locks the head of its room,
 * and others go on with other rooms.
 */
export class ExpiredEntries {
  constructor(
    private readonly db: Database,
    private readonly queue: Pick<ArchiveQueue, 'settle'>,
    private readonly options: ExpiredEntriesOptions,
  ) {}

  /** Whether entries of any room are not kept for ever. */
  async any(): Promise<boolean> {
    if (this.options.retentionDays !== undefined) return true;
    return (
      (await this.db.room.findFirst({ where: { retentionDays: { not: null } }, select: { id: true } })) !==
      null
    );
  }

  /** Removes all of them, the oldest first. @returns the number of removed rows */
  async remove(pace: Pace): Promise<number> {
    let removed = 0;
    const done = new Set<number>();
    while (!pace.stopped) {
      const due = await this.#due();
      const rooms = due.filter((roomId) => !done.has(roomId));
      for (const roomId of rooms) {
        if (pace.stopped) return removed;
        removed += await this.#removeFrom(roomId, pace);
        done.add(roomId);
      }
      if (rooms.length === 0 || due.length < PAGE) return removed;
    }
    return removed;
  }

  /**
   * Gives a head to rooms whose messages were all stored by archivers of versions without heads.
   * @returns their number
   */
  async addHeads(pace: Pace): Promise<number> {
    let added = 0;
    for (let after: bigint | undefined = 0n; after !== undefined && !pace.stopped; ) {
      const from: bigint = after;
      const page = await pace.step(() => this.#addHeads(from));
      added += page.added;
      after = page.last;
    }
    return added;
  }

  async #removeFrom(roomId: number, pace: Pace): Promise<number> {
    const { retentionDays, keep } = this.options;
    let removed = 0;
    for (let more = true; more && !pace.stopped; ) {
      const step = await pace.step(() =>
        this.db.$transaction(
          (tx) =>
            removeExpired(tx, roomId, retentionDays, (texts) =>
              this.queue.settle(roomId, FIRST, keep, undefined, texts),
            ),
          { timeout: TIMEOUT_MS },
        ),
      );
      // Another archiver has it.
      if (step === undefined) return removed;
      ({ more } = step);
      removed += step.removed;
    }
    // The retention may be less than when the recent history was trimmed last.
    if (removed > 0) await this.queue.settle(roomId, FIRST, keep);
    return removed;
  }

  async #due(): Promise<number[]> {
    const rows = await this.db.$queryRawUnsafe<Array<{ roomId: bigint }>>(
      `(SELECT room_id AS "roomId", oldest_at FROM room_heads WHERE oldest_at <= now() - $1::int * interval '1 day'
        ORDER BY oldest_at LIMIT ${PAGE})
      UNION
      (SELECT head.room_id, head.oldest_at FROM rooms JOIN room_heads head ON head.room_id = rooms.id
        WHERE rooms.retention_days IS NOT NULL AND head.oldest_at <= now() - rooms.retention_days * interval '1 day'
        ORDER BY head.oldest_at LIMIT ${PAGE})
      ORDER BY oldest_at LIMIT ${PAGE}`,
      this.options.retentionDays ?? null,
    );
    return rows.map(({ roomId }) => Number(roomId));
  }

  /** @returns the last of the rooms that were looked at; undefined after the last page */
  async #addHeads(after: bigint): Promise<{ added: number; last: bigint | undefined }> {
    const [row] = await this.db.$queryRawUnsafe<Array<{ added: bigint; last: bigint | null; rooms: bigint }>>(
      `WITH page AS MATERIALIZED (SELECT id FROM rooms WHERE id > $1::bigint ORDER BY id LIMIT ${PAGE}), added AS (
        INSERT INTO room_heads (room_id, epoch, seq, n, sent_at)
        SELECT page.id, last.epoch, last.seq, coalesce(last.n, last.seq), last.sent_at FROM page CROSS JOIN LATERAL (
          SELECT epoch, seq, n, sent_at FROM messages WHERE room_id = page.id ORDER BY epoch DESC, seq DESC LIMIT 1
        ) last
        WHERE NOT EXISTS (SELECT 1 FROM room_heads WHERE room_id = page.id)
        ORDER BY page.id ON CONFLICT DO NOTHING RETURNING 1
      ) SELECT (SELECT count(*) FROM added) AS added, (SELECT max(id) FROM page) AS last, (SELECT count(*) FROM page) AS rooms`,
      after,
    );
    const last = Number(row?.rooms ?? 0n) < PAGE ? undefined : (row?.last ?? undefined);
    return { added: Number(row?.added ?? 0n), last };
  }
}
