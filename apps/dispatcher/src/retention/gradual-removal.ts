import { type Closeable, type Logger, Pace, RepeatedWork } from '@chorus/service';

/** Interval of checks whether rows are too old, in milliseconds. */
const INTERVAL_MS = 60_000;
/** Rows of one statement. */
export const ROWS_AT_ONCE = 5_000;

/** Removes rows that are too old, in steps with pauses between them. Several processes may do so at the same time. */
export class GradualRemoval implements Closeable {
  readonly #work: RepeatedWork;
  readonly #pace = new Pace();

  /**
   * @param step removes up to {@link ROWS_AT_ONCE} rows and returns their number
   * @param rows what they are, for the log
   */
  constructor(
    private readonly step: () => Promise<number>,
    rows: string,
    log: Logger,
  ) {
    this.#work = new RepeatedWork({
      run: () => this.run(),
      intervalMs: INTERVAL_MS,
      texts: { failing: `old ${rows} cannot be removed yet`, works: `old ${rows} can be removed again` },
      log,
    });
  }

  start(): void {
    this.#work.start();
  }

  /** Removes all rows that are too old. */
  async run(): Promise<void> {
    let removed: number;
    do {
      removed = await this.#pace.step(this.step);
    } while (removed === ROWS_AT_ONCE && !this.#pace.stopped);
  }

  /** Resolves after the statement in progress. */
  close(): Promise<void> {
    this.#pace.stop();
    return this.#work.close();
  }
}
