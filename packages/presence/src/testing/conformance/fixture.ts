import type { Member, PresenceFrame } from '@chorus/protocol';
import type { PresenceStore } from '../../presence-store.js';

/** What the suite needs of an implementation. Each fixture starts empty. */
export interface PresenceFixture {
  /** A store as one more process would open it; all of a fixture show the same presence. Its limit: {@link SUITE_LIMIT}. */
  open(): PresenceStore;
  /** Everything announced so far, in order of arrival. */
  announced(): Promise<PresenceFrame[]>;
  /** Returns when at least so many milliseconds have passed by the clock that leases follow. */
  pass(ms: number): Promise<void>;
  close(): Promise<void>;
}

/** Most members of a room in which the suite expects announcements. */
export const SUITE_LIMIT = 500;

/** The rooms that the suite uses, for fixtures that cannot listen to all rooms at once. */
export const SUITE_ROOMS: readonly number[] = [
  ...Array.from({ length: 70 }, (_, index) => index + 1),
  Number.MAX_SAFE_INTEGER,
];

/** A fixture of an implementation whose data can get lost while its users live on. */
export interface LossyPresenceFixture extends PresenceFixture {
  /** Empties the store behind everybody's back. */
  loseData(): Promise<void>;
}

export const LEASE_MS = 60_000;
/** More members than any test has. */
export const ALL = 10_000;
export const ann: Member = { id: 1, username: 'ann' };
export const bob: Member = { id: 2, username: 'bob' };
export const cyd: Member = { id: 3, username: 'cyd' };

/** Three nodes with a lease, each with a store of its own. */
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

  /** A node stops renewing, and its lease ends. */
  async die(store: PresenceStore, nodeId: string): Promise<void> {
    await store.renew(nodeId, 1);
    await this.fixture.pass(5);
  }

  /** One more node with a lease. */
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

/** Announcements as `joined 1`, `left 1`: those of one room, or of all. */
export async function notices(fixture: PresenceFixture, roomId?: number): Promise<string[]> {
  const frames = await fixture.announced();
  return frames
    .filter((frame) => roomId === undefined || frame.roomId === roomId)
    .map((frame) => `${frame.type} ${frame.userId}`);
}
