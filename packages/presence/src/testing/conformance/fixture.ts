import type { Member, PresenceFrame } from '@chorus/protocol';
import { JOURNAL_START, type PresenceJournal } from '../../presence-journal.js';
import type { PresenceStore } from '../../presence-store.js';

/** What the suite needs of an implementation. Each fixture starts empty. */
export interface PresenceFixture {
  /**
   * Opens a store as another process would; all stores of a fixture share their data. Their limit is {@link
   * SUITE_LIMIT}.
   */
  open(): PresenceStore;
  /** Opens the journal of the fixture's stores as another process would. Its limit is {@link SUITE_JOURNAL_LIMIT}. */
  openJournal(): PresenceJournal;
  /** Returns all announcements so far, in order of arrival. */
  announced(): Promise<PresenceFrame[]>;
  /** Resolves when at least `ms` milliseconds have passed on the clock of the leases. */
  pass(ms: number): Promise<void>;
  close(): Promise<void>;
}

/** Largest number of members of a room in which the suite expects announcements. */
export const SUITE_LIMIT = 500;

/** Largest number of changes in a journal of the suite. */
export const SUITE_JOURNAL_LIMIT = 1_200;

/** The rooms that the suite uses, for fixtures that cannot listen to all rooms. */
export const SUITE_ROOMS: readonly number[] = [
  ...Array.from({ length: 70 }, (_, index) => index + 1),
  Number.MAX_SAFE_INTEGER,
];

/** A fixture of an implementation that can lose its data while its users keep running. */
export interface LossyPresenceFixture extends PresenceFixture {
  /** Deletes the data of the store without telling its users. */
  loseData(): Promise<void>;
}

export const LEASE_MS = 60_000;
/** More members than any test has. */
export const ALL = 10_000;
export const ann: Member = { id: 1, username: 'ann' };
export const bob: Member = { id: 2, username: 'bob' };
export const cyd: Member = { id: 3, username: 'cyd' };

/** Three nodes with a lease, each with its own store. */
export class ThreeNodes {
  private constructor(
    readonly fixture: PresenceFixture,
    readonly a: PresenceStore,
    readonly b: PresenceStore,
    readonly c: PresenceStore,
  ) {}

  static async open(createFixture: () => Promise<PresenceFixture>): Promise<ThreeNodes> {
    const fixture = await createFixture();
    const [a, b, c] = [fixture.open(), fixture.open(), fixture.open()];
    await a.renew('a', LEASE_MS);
    await b.renew('b', LEASE_MS);
    await c.renew('c', LEASE_MS);
    return new ThreeNodes(fixture, a, b, c);
  }

  /** The node stops renewing; resolves when its lease has ended. */
  async die(store: PresenceStore, nodeId: string): Promise<void> {
    await store.renew(nodeId, 1);
    await this.fixture.pass(5);
  }

  /** Adds a node with a lease. */
  async another(nodeId: string): Promise<PresenceStore> {
    const store = this.fixture.open();
    await store.renew(nodeId, LEASE_MS);
    return store;
  }

  async close(): Promise<void> {
    await Promise.all([this.a.close(), this.b.close(), this.c.close()]);
    await this.fixture.close();
  }
}

/** Returns announcements as `joined 1`, `left 1`: of one room, or of all. */
export async function notices(fixture: PresenceFixture, roomId?: number): Promise<string[]> {
  const frames = await fixture.announced();
  return frames
    .filter((frame) => roomId === undefined || frame.roomId === roomId)
    .map((frame) => `${frame.type} ${frame.userId}`);
}

/** A reader of a journal, which goes on where it was. */
export class JournalReader {
  readonly #positions: Map<number, string>;

  constructor(readonly journal: PresenceJournal) {
    this.#positions = new Map(journal.partitions.map((partition) => [partition, JOURNAL_START]));
  }

  /** Begins all journals. */
  async begin(): Promise<void> {
    for (const [partition, position] of this.#positions) {
      if (!(await this.journal.begin(partition, position))) throw new Error(`changes wait in ${partition}`);
      this.#positions.set(partition, JOURNAL_START);
    }
  }

  position(partition: number): string {
    return this.#positions.get(partition) ?? JOURNAL_START;
  }

  /** The partition of a room. */
  partitionOf(roomId: number): number {
    return this.journal.partitions[roomId % this.journal.partitions.length] ?? 0;
  }

  /** Reads on to the end, and returns the changes of a room, or of all, as `joined 1`, `left 1`. */
  async read(roomId?: number): Promise<string[]> {
    const found: string[] = [];
    for (let more = true; more; ) {
      const read = await this.journal.read(this.#positions, ALL);
      for (const { partition, changes } of read.pages) {
        this.#positions.set(partition, changes.at(-1)?.position ?? this.position(partition));
        for (const change of changes) {
          if (roomId !== undefined && change.roomId !== roomId) continue;
          found.push(`${change.joined ? 'joined' : 'left'} ${change.userId}`);
        }
      }
      ({ more } = read);
    }
    return found;
  }

  /** The state of a room's partition. */
  async page(roomId: number) {
    const partition = this.partitionOf(roomId);
    const { pages } = await this.journal.read(new Map([[partition, this.position(partition)]]), ALL);
    const [page] = pages;
    if (page === undefined) throw new Error(`no page of ${partition}`);
    return page;
  }
}
