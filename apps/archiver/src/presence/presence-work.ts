import type { JournalPage, PresenceJournal } from '@chorus/presence';
import { blame } from '../archive-error.js';
import type { ArchiverWork } from '../archiver.js';
import { Comparison } from './comparison.js';
import type { PresenceLog, RecordedJournal } from './presence-log.js';

/** Changes that one cycle reads. */
const AT_ONCE = 2_000;
/** Time in which a cycle begins to compare another partition, in milliseconds. It is short for a lease. */
const COMPARING_MS = 1_000;
/** Pause between checks of one partition each, in milliseconds. They find nothing unless a gateway or this program has a fault. */
const CHECK_MS = 10_000;

/**
 * Moves changes of presence from the journals to the log of events, while a program listens to them. One archiver at a time does so.
 */
export class PresenceWork implements ArchiverWork {
  readonly #comparison: Comparison;
  /** Whether the journals are known to have ended. */
  #ended = false;
  #checkedAt = performance.now();
  #checked = 0;
  /** Changes that were read and are not recorded yet. */
  #held: ReadonlyArray<{ readonly at: number }> = [];

  constructor(
    private readonly journal: PresenceJournal,
    private readonly log: PresenceLog,
  ) {
    this.#comparison = new Comparison(journal, log);
  }

  /** When the oldest change that waits was decided, in milliseconds since 1970, as far as this archiver knows. */
  get oldestHeldAt(): number | undefined {
    return this.#held.reduce<number | undefined>((oldest, { at }) => Math.min(oldest ?? at, at), undefined);
  }

  /** @returns whether more changes are likely to wait @throws {ArchiveError} nothing is lost */
  async cycle(): Promise<boolean> {
    const { held, wanted } = await blame('PostgreSQL', this.log.standing());
    if (held && wanted) {
      this.#ended = false;
      return this.#record();
    }
    this.#held = [];
    if (held && !this.#ended) await this.#end();
    this.#ended = held;
    return false;
  }

  /** @throws {ArchiveError} */
  async isDone(): Promise<boolean> {
    const { held, wanted } = await blame('PostgreSQL', this.log.standing());
    if (!held || !wanted) return true;
    const { pages } = await this.#read(1);
    return pages.every(({ changes }) => changes.length === 0);
  }

  async #record(): Promise<boolean> {
    const { journals, pages, more } = await this.#read(AT_ONCE);
    const changed = pages.filter(({ changes }) => changes.length > 0);
    if (changed.length > 0) {
      const changes = changed.flatMap(({ partition, changes: some }) =>
        some.map((change) => ({ ...change, partition })),
      );
      this.#held = changes;
      const to = changed.flatMap((page) => moved(journals.get(page.partition), page));
      const done = await blame('PostgreSQL', this.log.record(to, changes));
      this.#held = [];
      for (const { partition } of changed) {
        const journal = done.get(partition);
        if (journal === undefined) journals.delete(partition);
        else journals.set(partition, journal);
      }
      const settled = [...done.values()].map(({ partition, position }) =>
        this.journal.settle(partition, position),
      );
      await blame('Redis', Promise.all(settled));
    }
    const late = await this.#compare(journals, pages);
    await this.#check(journals, pages);
    return more || late;
  }

  async #read(limit: number) {
    const rows = await blame('PostgreSQL', this.log.journals(this.journal.partitions));
    const journals = new Map(rows.map((row) => [row.partition, row]));
    const positions = new Map(rows.map(({ partition, position }) => [partition, position]));
    return { journals, ...(await blame('Redis', this.journal.read(positions, limit))) };
  }

  /** @returns whether partitions are left to compare, because it took long */
  async #compare(
    journals: ReadonlyMap<number, RecordedJournal>,
    pages: readonly JournalPage[],
  ): Promise<boolean> {
    const startedAt = performance.now();
    for (const page of pages) {
      const journal = journals.get(page.partition);
      if (journal === undefined || !Comparison.isDue(journal, page)) continue;
      if (performance.now() - startedAt > COMPARING_MS) return true;
      await this.#comparison.run(journal, page);
    }
    return false;
  }

  /** Compares one partition after the other, slowly. */
  async #check(journals: ReadonlyMap<number, RecordedJournal>, pages: readonly JournalPage[]): Promise<void> {
    if (performance.now() - this.#checkedAt < CHECK_MS) return;
    this.#checkedAt = performance.now();
    const page = pages[this.#checked++ % pages.length];
    const journal = page && journals.get(page.partition);
    if (journal === undefined || page?.incarnation === undefined || Comparison.isDue(journal, page)) return;
    await this.#comparison.check(journal, page.incarnation);
  }

  /** No program listens. The journals end first: a crash in between leaves rows that are cleared at the next begin or end. */
  async #end(): Promise<void> {
    const ends = this.journal.partitions.map((partition) => this.journal.end(partition));
    await blame('Redis', Promise.all(ends));
    await blame('PostgreSQL', this.log.clear());
  }
}

function moved(journal: RecordedJournal | undefined, { changes }: JournalPage): RecordedJournal[] {
  if (journal === undefined) return [];
  return [{ ...journal, position: changes.at(-1)?.position ?? journal.position }];
}
