import type { Database } from '@chorus/database';
import { listenForEvents, recordedEvents } from '@chorus/database/testing';
import { MemoryPresenceStore, type PresenceJournal } from '@chorus/presence';
import { ManualClock } from '@chorus/testing';
import { PresenceLog } from '../presence/presence-log.js';
import { PresenceWork } from '../presence/presence-work.js';
import { openDatabase } from './database.js';

export const LEASE_MS = 10_000;
/** Lease of the nodes: comparing waits for it after a loss, in milliseconds. */
const NODE_LEASE_MS = 50;
const ROOM = 7;

/** A store of presence, and readers that record its changes as events in a database. */
export class PresenceFixture {
  /** The store, whose journal readers read; a test can replace the calls of the journal. */
  store = createStore();
  #readers = 0;

  private constructor(readonly db: Database) {}

  /** Opens a database. */
  static async open(): Promise<PresenceFixture> {
    return new PresenceFixture((await openDatabase()).db);
  }

  get journal(): PresenceJournal {
    return this.store.journal;
  }

  close(): Promise<void> {
    return this.db.$disconnect();
  }

  /** Removes all data. */
  async reset(): Promise<void> {
    await this.db
      .$executeRaw`TRUNCATE events, event_outbox, webhooks, present_users, presence_journals CASCADE`;
    await this.endLease();
    await this.restart();
  }

  /** Replaces the store by one without data, as after a restart of its process. */
  async restart(journalLimit?: number): Promise<void> {
    this.store = createStore(journalLimit);
    await this.store.renew('a', NODE_LEASE_MS);
    await this.store.renew('b', NODE_LEASE_MS);
  }

  /** Lets another reader take the lease. */
  async endLease(): Promise<void> {
    await this.db.$executeRaw`UPDATE presence_reader SET leased_until = NULL`;
  }

  reader(leaseMs = LEASE_MS): PresenceWork {
    return new PresenceWork(this.journal, new PresenceLog(this.db, `reader-${this.#readers++}`, leaseMs));
  }

  /** Returns a reader that records. */
  async recording(): Promise<PresenceWork> {
    await listenForEvents(this.db);
    const work = this.reader();
    await cycles(work);
    return work;
  }

  join(userId: number, roomId = ROOM, node = 'a') {
    return this.store.join(node, roomId, { id: userId, username: 'u' });
  }

  leave(userId: number, roomId = ROOM, node = 'a') {
    return this.store.leave(node, roomId, { id: userId, username: 'u' });
  }

  /** Returns the recorded events of a room in order, such as `presence.left 7 inferred`. */
  async events(roomId = ROOM): Promise<string[]> {
    return (await recordedEvents(this.db))
      .filter((event) => event.roomId === roomId)
      .map(({ type, userId, data }) => `${type} ${userId}${data?.inferred ? ' inferred' : ''}`);
  }
}

export async function cycles(work: PresenceWork, count = 3): Promise<void> {
  for (let n = 0; n < count; n++) await work.cycle();
}

function createStore(journalLimit = 1_000): MemoryPresenceStore {
  return new MemoryPresenceStore({ announce() {}, clock: new ManualClock(), journalLimit });
}
