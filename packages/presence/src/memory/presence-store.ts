import { encodePresence, type Member } from '@chorus/protocol';
import { type Clock, systemClock } from '@chorus/service';
import { pageOf } from '../page.js';
import {
  ANNOUNCE_LIMIT,
  byMembers,
  NoLeaseError,
  type PresenceStore,
  type Renewal,
  type RoomSize,
} from '../presence-store.js';
import { MemoryPresenceJournal } from './presence-journal.js';

export interface MemoryPresenceOptions {
  /** Delivers a frame to all members of the room. Called in one step with the change that it announces. */
  announce(roomId: number, frame: string): Promise<void> | void;
  clock?: Clock;
  /** Rooms with more members get no announcements. Default {@link ANNOUNCE_LIMIT}. */
  announceLimit?: number;
  /** Largest number of changes in the journal. Default 100,000. */
  journalLimit?: number;
}

interface Node {
  /** When the lease ends, on the store's clock. */
  leaseEnd: number;
  rooms: Map<number, Map<number, string>>;
}

/** Presence within one process; gateways that share one store see each other's members. */
export class MemoryPresenceStore implements PresenceStore {
  readonly #nodes = new Map<string, Node>();
  /** Nodes that were reaped and have not renewed since. */
  readonly #reaped = new Set<string>();
  readonly #clock: Clock;
  /** The changes of who is present. */
  readonly journal: MemoryPresenceJournal;

  constructor(private readonly options: MemoryPresenceOptions) {
    this.#clock = options.clock ?? systemClock;
    const store = { present: () => usersByRoom(this.#nodes.values()), leaseMs: () => this.#longestLeaseMs() };
    this.journal = new MemoryPresenceJournal(store, options.journalLimit);
  }

  async renew(nodeId: string, ttlMs: number): Promise<Renewal> {
    const node = this.#nodes.get(nodeId);
    const now = this.#clock.now();
    const leaseEnd = now + ttlMs;
    if (node === undefined) {
      this.#nodes.set(nodeId, { leaseEnd, rooms: new Map() });
      return { entries: this.#reaped.delete(nodeId) ? 'reaped' : 'missing', leftMs: 0 };
    }
    const leftMs = Math.max(0, node.leaseEnd - now);
    node.leaseEnd = leaseEnd;
    return { entries: 'kept', leftMs };
  }

  /** This store never loses data, so a rejoin is announced exactly if the departure was. */
  async join(nodeId: string, roomId: number, member: Member): Promise<void> {
    const node = this.#nodes.get(nodeId);
    if (node === undefined) throw new NoLeaseError(nodeId);
    const first = !this.#isPresent(roomId, member.id);
    const room = node.rooms.get(roomId) ?? new Map<number, string>();
    node.rooms.set(roomId, room);
    if (!room.has(member.id)) room.set(member.id, member.username);
    if (!first) return;
    this.journal.record(roomId, member.id, true);
    if (!this.#isLarge(roomId)) await this.options.announce(roomId, encodePresence('joined', roomId, member));
  }

  /** This store never loses data, so every departure is decided at once. */
  async leave(nodeId: string, roomId: number, member: Member): Promise<number> {
    const rooms = this.#nodes.get(nodeId)?.rooms;
    const room = rooms?.get(roomId);
    if (rooms === undefined || room === undefined || !room.has(member.id)) return 0;
    const isLarge = this.#isLarge(roomId);
    room.delete(member.id);
    if (room.size === 0) rooms.delete(roomId);
    if (this.#isPresent(roomId, member.id)) return 0;
    this.journal.record(roomId, member.id, false);
    if (!isLarge) await this.options.announce(roomId, encodePresence('left', roomId, member));
    return 0;
  }

  async release(nodeId: string, graceMs: number): Promise<void> {
    const node = this.#nodes.get(nodeId);
    if (node !== undefined) node.leaseEnd = this.#clock.now() + graceMs;
  }

  async members(roomId: number, after: number, limit: number): Promise<Member[]> {
    const found = new Map<number, string>();
    for (const node of this.#live()) {
      for (const [id, username] of node.rooms.get(roomId) ?? []) found.set(id, username);
    }
    return pageOf(found, after, limit);
  }

  async everyone(after: number, limit: number): Promise<Member[]> {
    const found = new Map<number, string>();
    for (const node of this.#live()) {
      for (const room of node.rooms.values()) for (const [id, username] of room) found.set(id, username);
    }
    return pageOf(found, after, limit);
  }

  async busiest(limit: number): Promise<RoomSize[]> {
    const sizes = [...usersByRoom(this.#live())].map(([roomId, users]) => ({ roomId, members: users.size }));
    return sizes.sort(byMembers).slice(0, limit);
  }

  async expired(): Promise<string[]> {
    const now = this.#clock.now();
    return [...this.#nodes].filter(([, node]) => node.leaseEnd <= now).map(([nodeId]) => nodeId);
  }

  async reap(nodeId: string, by: string): Promise<number> {
    const node = this.#nodes.get(nodeId);
    const now = this.#clock.now();
    if (node === undefined || node.leaseEnd > now) return 0;
    if ((this.#nodes.get(by)?.leaseEnd ?? 0) <= now) return 0;
    // All removals happen before the first wait: during a wait users could return.
    const announced: Array<Promise<void> | void> = [];
    for (const [roomId, room] of node.rooms) {
      for (const [id, username] of room) {
        const isLarge = this.#isLarge(roomId);
        room.delete(id);
        if (this.#isPresent(roomId, id)) continue;
        this.journal.record(roomId, id, false);
        if (isLarge) continue;
        announced.push(this.options.announce(roomId, encodePresence('left', roomId, { id, username })));
      }
    }
    this.#nodes.delete(nodeId);
    this.#reaped.add(nodeId);
    await Promise.all(announced);
    return announced.length;
  }

  async close(): Promise<void> {}

  /** Includes nodes whose lease has ended: their departures are not announced yet. */
  #isPresent(roomId: number, userId: number): boolean {
    for (const node of this.#nodes.values()) if (node.rooms.get(roomId)?.has(userId)) return true;
    return false;
  }

  /** Whether the room is too large for announcements. Counts its members only if it can be. */
  #isLarge(roomId: number): boolean {
    const limit = this.options.announceLimit ?? ANNOUNCE_LIMIT;
    const rooms = [...this.#nodes.values()].flatMap((node) => node.rooms.get(roomId) ?? []);
    if (rooms.reduce((sum, room) => sum + room.size, 0) <= limit) return false;
    return new Set(rooms.flatMap((room) => [...room.keys()])).size > limit;
  }

  #longestLeaseMs(): number | undefined {
    if (this.#nodes.size === 0) return undefined;
    return Math.max(0, ...[...this.#nodes.values()].map(({ leaseEnd }) => leaseEnd - this.#clock.now()));
  }

  *#live(): Generator<Node> {
    const now = this.#clock.now();
    for (const node of this.#nodes.values()) if (node.leaseEnd > now) yield node;
  }
}

function usersByRoom(nodes: Iterable<Node>): Map<number, Set<number>> {
  const found = new Map<number, Set<number>>();
  for (const { rooms } of nodes) {
    for (const [roomId, room] of rooms) {
      const users = found.get(roomId) ?? new Set();
      found.set(roomId, users);
      for (const userId of room.keys()) users.add(userId);
    }
  }
  return found;
}
