import type { Database } from '@chorus/database';
import { type Closeable, type Logger, Pace, RepeatedWork } from '@chorus/service';

/** Interval of checks whether events are too old, in milliseconds. */
const INTERVAL_MS = 60_000;
/** Events of one statement. */
const EVENTS_AT_ONCE = 5_000;

/**
 * Removes the beginning of the log, up to the first event that is young enough, and notes how far it got: a reader that continues
 * from there on is refused instead of missing events.
 */
export class EventRetention implements Closeable {
  readonly #work: RepeatedWork;
  readonly #pace = new Pace();

  constructor(
    private readonly db: Pick<Database, '$queryRawUnsafe'>,
    private readonly days: number,
    log: Logger,
  ) {
    this.#work = new RepeatedWork({
      run: () => this.run(),
      intervalMs: INTERVAL_MS,
      texts: { failing: 'old events cannot be removed yet', works: 'old events can be removed again' },
      log,
    });
  }

  start(): void {
    this.#work.start();
  }

  /** Removes the events that are too old, in bounded steps. */
  async run(): Promise<void> {
    let removed: number;
    do {
      removed = await this.#pace.step(() => this.#step());
    } while (removed === EVENTS_AT_ONCE && !this.#pace.stopped);
  }

  /** Resolves after the statement in progress. */
  close(): Promise<void> {
    this.#pace.stop();
    return this.#work.close();
  }

  async #step(): Promise<number> {
    const [row] = await this.db.$queryRawUnsafe<Array<{ removed: bigint }>>(
      `WITH oldest AS MATERIALIZED (
        SELECT position, at < now() - $1::int * interval '1 day' AS old FROM events ORDER BY position LIMIT $2::int
      ), gone AS (
        DELETE FROM events WHERE position IN (
          SELECT position FROM oldest WHERE position < coalesce((SELECT min(position) FROM oldest WHERE NOT old), 9223372036854775807)
        ) RETURNING position
      ), noted AS (
        UPDATE event_log SET removed = greatest(removed, (SELECT max(position) FROM gone)) WHERE EXISTS (SELECT FROM gone)
      ) SELECT count(*) AS removed FROM gone`,
      this.days,
      EVENTS_AT_ONCE,
    );
    return Number(row?.removed ?? 0n);
  }
}
