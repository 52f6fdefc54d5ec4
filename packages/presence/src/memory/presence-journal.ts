import { randomUUID } from 'node:crypto';
import {
  JOURNAL_START,
  type JournalPages,
  type JournalSnapshot,
  type PresenceChange,
  type PresenceJournal,
} from '../presence-journal.js';

/** Default for the largest number of changes. */
const LIMIT = 100_000;
const PARTITION = 0;

/** What a journal reads of its store. */
export interface JournaledStore {
  /** User ids by room, through all nodes that were not reaped. */
  present(): ReadonlyMap<number, ReadonlySet<number>>;
  /** Remaining time of the longest lease, in milliseconds, at least 0; undefined without any. */
  leaseMs(): number | undefined;
}

/** The journal of a `MemoryPresenceStore`: one partition, which never loses data. */
export class MemoryPresenceJournal implements PresenceJournal {
  readonly partitions = [PARTITION];
  readonly #incarnation = randomUUID();
  #recording = false;
  #changes: PresenceChange[] = [];
  #count = 0;

  constructor(
    private readonly store: JournaledStore,
    private readonly limit = LIMIT,
  ) {}

  /** Called by the store in one step with the change. */
  record(roomId: number, userId: number, joined: boolean): void {
    if (!this.#recording) return;
    if (this.#changes.length >= this.limit) {
      this.#recording = false;
      return;
    }
    this.#count++;
    this.#changes.push({ position: `0-${this.#count}`, roomId, userId, joined, at: Date.now() });
  }

  async read(positions: ReadonlyMap<number, string>, limit: number): Promise<JournalPages> {
    const pages = [...positions].map(([partition, position]) => ({
      partition,
      recording: this.#recording,
      incarnation: this.#incarnation,
      settled: true,
      leaseMs: this.store.leaseMs(),
      changes: this.#after(position).slice(0, limit),
    }));
    return { pages, more: pages.some(({ changes }) => changes.length >= limit) };
  }

  async begin(_partition: number, position: string): Promise<boolean> {
    if (this.#after(position).length > 0) return false;
    this.#changes = [];
    this.#count = 0;
    this.#recording = true;
    return true;
  }

  async settle(_partition: number, position: string): Promise<void> {
    this.#changes = this.#after(position);
  }

  async end(): Promise<void> {
    this.#recording = false;
    this.#changes = [];
  }

  async rooms(): Promise<Map<number, number>> {
    return new Map([...this.store.present()].map(([roomId, users]) => [roomId, users.size]));
  }

  async snapshot(
    _partition: number,
    roomIds: readonly number[],
    since: { position: string; incarnation: string; limit: number },
  ): Promise<JournalSnapshot | undefined> {
    if (!this.#recording || since.incarnation !== this.#incarnation) return undefined;
    const changes = this.#after(since.position);
    const at = Date.now();
    if (changes.length > since.limit) {
      return { at, changes: changes.slice(0, since.limit), members: new Map() };
    }
    const present = this.store.present();
    return {
      at,
      changes,
      members: new Map(roomIds.map((roomId) => [roomId, [...(present.get(roomId) ?? [])]])),
    };
  }

  #after(position: string): PresenceChange[] {
    const last = numberOf(position);
    return this.#changes.filter((change) => numberOf(change.position) > last);
  }
}

/** @param position {@link JOURNAL_START} or later */
function numberOf(position: string): number {
  return Number((position || JOURNAL_START).split('-')[1]);
}
