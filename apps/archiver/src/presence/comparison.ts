import { JOURNAL_START, type JournalPage, type PresenceJournal } from '@chorus/presence';
import { blame } from '../archive-error.js';
import type { PresenceLog, RecordedJournal } from './presence-log.js';

/** Users of the rooms that are compared in one step. A room with more is one step of its own. */
const USERS_AT_ONCE = 5_000;
/** Rooms that are compared in one step. */
const ROOMS_AT_ONCE = 500;
/** Changes that are recorded together with a step. */
const CHANGES_AT_ONCE = 1_000;

/**
 * Compares the recorded users with those who are present, where changes can be missing: at the begin, when a journal was full, and when
 * the store may have lost data. Then the nodes write their entries again, which takes up to a lease; until then it is not
 * known who is present. Ends early when the data changes, or another reader is at work; it can be repeated at any time.
 */
export class Comparison {
  /** For each partition the incarnation to compare with, and when it was seen first, on the clock of `performance.now()`. */
  readonly #seen = new Map<number, { incarnation: string | undefined; at: number }>();

  constructor(
    private readonly journal: PresenceJournal,
    private readonly log: Pick<PresenceLog, 'record' | 'rooms'>,
  ) {}

  /** Whether changes can be missing. */
  static isDue({ incarnation }: RecordedJournal, page: JournalPage): boolean {
    return !page.recording || incarnation === null || incarnation !== page.incarnation;
  }

  /** Lets the journal record, and compares if it is known who is present. @throws {ArchiveError} */
  async run(journal: RecordedJournal, page: JournalPage): Promise<void> {
    const { partition } = journal;
    let held: RecordedJournal | undefined = journal;
    if (!page.recording) {
      // First noted: while the journal records, nothing shows that changes are missing.
      if (held.incarnation !== null) held = await this.#move({ ...held, incarnation: null });
      held = held && (await this.#begin(held));
    }
    const { incarnation } = page;
    if (held === undefined || incarnation === undefined || !this.#isKnown(held, page)) return;
    // Positions of lost data can be after those of new changes, which would not be read. A journal that has later ones goes on.
    held = await this.check((await this.#begin(held)) ?? held, incarnation);
    if (held === undefined) return;
    if (await this.#move({ ...held, incarnation, recorded: true })) this.#seen.delete(partition);
  }

  /** Compares all rooms. @returns the journal behind it; undefined if it ended early @throws {ArchiveError} */
  async check(journal: RecordedJournal, incarnation: string): Promise<RecordedJournal | undefined> {
    const { partition } = journal;
    const sizes = await blame('PostgreSQL', this.log.rooms(partition));
    for (const [roomId, users] of await blame('Redis', this.journal.rooms(partition))) {
      sizes.set(roomId, Math.max(users, sizes.get(roomId) ?? 0));
    }
    let held: RecordedJournal | undefined = journal;
    for (const roomIds of steps(sizes)) {
      for (let compared = false; !compared; ) {
        const { position } = held;
        const since = { position, incarnation, limit: CHANGES_AT_ONCE };
        const snapshot = await blame('Redis', this.journal.snapshot(partition, roomIds, since));
        if (snapshot === undefined) return undefined;
        compared = snapshot.members.size > 0;
        const changes = snapshot.changes.map((change) => ({ ...change, partition }));
        const moved: RecordedJournal = { ...held, position: changes.at(-1)?.position ?? position };
        const recorded = this.log.record([moved], changes, { ...snapshot, partition });
        held = (await blame('PostgreSQL', recorded)).get(partition);
        if (held === undefined) return undefined;
      }
    }
    return held;
  }

  /**
   * Whether it is known who is present. A node that has not noticed a loss does so within a lease; nothing can be lost before the first
   * comparison.
   */
  #isKnown(
    { partition, recorded }: RecordedJournal,
    { incarnation, settled, leaseMs }: JournalPage,
  ): boolean {
    const seen = this.#seen.get(partition);
    if (seen === undefined || seen.incarnation !== incarnation) {
      this.#seen.set(partition, { incarnation, at: performance.now() });
    }
    if (!settled || leaseMs === undefined) return false;
    const at = this.#seen.get(partition)?.at ?? performance.now();
    return !recorded || performance.now() - at > leaseMs;
  }

  /** @returns undefined if the journal has changes that are not recorded, or another reader is at work */
  async #begin(journal: RecordedJournal): Promise<RecordedJournal | undefined> {
    const begun = await blame('Redis', this.journal.begin(journal.partition, journal.position));
    return begun ? this.#move({ ...journal, position: JOURNAL_START }) : undefined;
  }

  async #move(journal: RecordedJournal): Promise<RecordedJournal | undefined> {
    return (await blame('PostgreSQL', this.log.record([journal]))).get(journal.partition);
  }
}

/** Groups rooms into steps. @param sizes number of users by room */
function steps(sizes: ReadonlyMap<number, number>): number[][] {
  const groups: number[][] = [];
  let users = Number.POSITIVE_INFINITY;
  for (const [roomId, size] of sizes) {
    const group = groups.at(-1);
    users += size;
    if (group !== undefined && users <= USERS_AT_ONCE && group.length < ROOMS_AT_ONCE) group.push(roomId);
    else {
      groups.push([roomId]);
      users = size;
    }
  }
  return groups;
}
