import type { Database } from '@chorus/database';
import { type Closeable, type Logger, RepeatedWork } from '@chorus/service';

/** Pause while no event waits, in milliseconds. */
const INTERVAL_MS = 100;
/** Events of one statement: it takes tens of milliseconds. */
const EVENTS_AT_ONCE = 5_000;

/**
 * Moves committed events from the outbox to the log, where they get their positions. Any number of sequencers may run: one at a time
 * moves events, and the others find nothing to do.
 */
export class Sequencer implements Closeable {
  readonly #work: RepeatedWork;
  #moved = 0;

  constructor(
    private readonly db: Pick<Database, '$queryRawUnsafe'>,
    log: Logger,
  ) {
    this.#work = new RepeatedWork({
      run: () => this.run(),
      intervalMs: INTERVAL_MS,
      texts: { failing: 'events cannot be moved to the log yet', works: 'events reach the log again' },
      log,
    });
  }

  /** Number of events that this sequencer has moved. */
  get moved(): number {
    return this.#moved;
  }

  start(): void {
    this.#work.start();
  }

  /** Moves the events that wait. */
  async run(): Promise<void> {
    let moved: number;
    do {
      moved = await this.#step();
      this.#moved += moved;
    } while (moved === EVENTS_AT_ONCE && !this.#work.closed);
  }

  /** Resolves after the statement in progress. */
  close(): Promise<void> {
    return this.#work.close();
  }

  async #step(): Promise<number> {
    const [row] = await this.db.$queryRawUnsafe<Array<{ moved: number }>>(
      `SELECT CASE WHEN EXISTS (SELECT FROM event_outbox) THEN chorus_sequence_events($1::int) ELSE 0 END AS moved`,
      EVENTS_AT_ONCE,
    );
    return row?.moved ?? 0;
  }
}
