import { type Closeable, type Logger, Pace, RepeatedWork } from '@chorus/service';
import type { DeletedRooms } from './deleted-rooms.js';
import type { ExpiredEntries } from './expired-entries.js';

/** Interval of checks whether something is to be removed, in milliseconds. */
const INTERVAL_MS = 30_000;
/** Interval of searches for rooms without a head, in milliseconds. Only archivers of older versions leave such. */
const HEADS_EVERY_MS = 3_600_000;

/** Counts since the start; plain numbers, for metrics. */
export interface RemovalCounts {
  /** Rows of deleted rooms. */
  deleted: number;
  /** Rows that were older than the retention of their room. */
  expired: number;
}

/** Removes rows of deleted rooms, and entries that are older than the retention, from PostgreSQL. */
export class Removal implements Closeable {
  readonly counts: RemovalCounts = { deleted: 0, expired: 0 };
  readonly #work: RepeatedWork;
  #headsAt = 0;

  constructor(
    private readonly rooms: DeletedRooms,
    private readonly entries: ExpiredEntries,
    private readonly log: Logger,
    private readonly pace = new Pace(),
  ) {
    const texts = {
      failing: 'old messages cannot be removed yet',
      works: 'old messages can be removed again',
    };
    this.#work = new RepeatedWork({
      ...{ run: () => this.run(), intervalMs: INTERVAL_MS },
      ...{ texts, log },
    });
  }

  start(): void {
    this.#work.start();
  }

  /** Resolves after the step in progress. */
  async close(): Promise<void> {
    this.pace.stop();
    await this.#work.close();
  }

  /** Removes what there is to remove. */
  async run(): Promise<void> {
    const deleted = await this.rooms.remove(this.pace);
    this.counts.deleted += deleted;
    const expired = (await this.entries.any()) ? await this.#removeExpired() : 0;
    this.counts.expired += expired;
    if (deleted + expired > 0) this.log.info({ deleted, expired }, 'rows were removed');
  }

  async #removeExpired(): Promise<number> {
    if (performance.now() >= this.#headsAt) {
      await this.entries.addHeads(this.pace);
      this.#headsAt = performance.now() + HEADS_EVERY_MS;
    }
    return this.entries.remove(this.pace);
  }
}
