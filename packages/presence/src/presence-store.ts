import type { Member } from '@chorus/protocol';

/** Default for the largest number of members of a room with announcements. */
export const ANNOUNCE_LIMIT = 1_000;

/**
 * The members who are present in each room, over all nodes.
 *
 * Guarantees:
 * - A node's entries count while it holds a *lease*. When the lease ends, they vanish from every answer at once,
 *   before any clean-up.
 * - A user on several nodes is one member. `joined` is announced with the user's first entry in a room and `left`
 *   with the removal of the last, each exactly once and in one step with the change. For this rule, entries of a node
 *   whose lease has ended count until they are reaped, because their departure is not announced yet.
 * - A room with more members than a configured limit gets no announcements: each change would cost as many deliveries
 *   as a message, and no client shows that many names.
 * - Only the node itself writes its entries, and calls for one (node, room, user) are sequential. The exception is
 *   {@link reap}, for a node whose lease has ended.
 *
 * Cost: one write at a user's first and last local connection in a room, and a fixed number of writes per node and
 * renewal. Every method rejects with `UnavailableError` while the store is unreachable. Whether a rejected call took
 * effect is unknown; repeating it is safe.
 */
export interface PresenceStore {
  /**
   * Takes or renews this node's lease. Calls for one node must be sequential. Unless `entries` is `kept`, the node
   * has a new lease and must {@link join} all its entries again.
   */
  renew(nodeId: string, ttlMs: number): Promise<Renewal>;
  /**
   * Adds this node's entry; announces `joined` if no node had one. Idempotent.
   * @param again true if this user's join was announced before, and {@link renew} has not returned `kept` since. Then
   * `joined` is announced only if the user's departure was: after a loss of data, members are not announced a second
   * time.
   * @throws {NoLeaseError} nothing was written; {@link renew} first
   */
  join(nodeId: string, roomId: number, member: Member, again?: boolean): Promise<void>;
  /**
   * Removes this node's entry; announces `left` if no other node has one. Idempotent.
   *
   * After a loss of data nodes need time to write their entries again; meanwhile it is unknown which users have no entry
   * of another node, and no departure is decided.
   * @param certain true if the user cannot be in the room through another node: removes the entry in any case
   * @returns 0 if the node has no entry any more; otherwise nothing was done, and the call must be repeated after this
   * many milliseconds
   */
  leave(nodeId: string, roomId: number, member: Member, certain?: boolean): Promise<number>;
  /**
   * Lets the lease end after `graceMs` without a renewal. The entries stay until then, so that users who reconnect
   * through another node neither leave nor join; {@link reap} announces the rest.
   */
  release(nodeId: string, graceMs: number): Promise<void>;
  /**
   * Returns the members of a room on live nodes, each once, in ascending order of id, after `after`, at most `limit`.
   */
  members(roomId: number, after: number, limit: number): Promise<Member[]>;
  /**
   * Like {@link members}, over all rooms. Not a snapshot: a user who changes rooms during the call may be missing.
   */
  everyone(after: number, limit: number): Promise<Member[]>;
  /**
   * Returns the rooms with the most members: largest first, then in ascending order of id; at most `limit`. Not a
   * snapshot. Shortly after a node died, its members in rooms of several nodes may still count.
   */
  busiest(limit: number): Promise<RoomSize[]>;
  /** Returns the nodes whose lease has ended and whose entries have not been removed. */
  expired(): Promise<string[]>;
  /**
   * Removes the entries of an expired node and announces `left` for each user without another entry. Several nodes
   * may do so concurrently, and one may finish what another began: each departure is announced once. Does nothing for
   * a live node, and while no departure is decided ({@link leave}).
   *
   * @param by the node that reaps. Nothing is done unless its own lease is as this store last wrote it: otherwise the
   * data is older, or the store's clock was set, and no lease shows which nodes are alive
   * @returns number of departures that this call announced
   */
  reap(nodeId: string, by: string): Promise<number>;
  /** Closes what the store opened; connections passed to it stay open. */
  close(): Promise<void>;
}

/** Result of a lease renewal. */
export interface Renewal {
  /**
   * State of this node's entries, if it wrote any. `kept`: they are there. `reaped`: the node was declared dead, and
   * departures were announced. `missing`: the node had no lease, or the store lost data; no departure was announced.
   */
  readonly entries: 'kept' | 'reaped' | 'missing';
  /** Remaining time of the lease before the renewal, by the store's clock, in milliseconds; at least 0. */
  readonly leftMs: number;
}

export interface RoomSize {
  readonly roomId: number;
  readonly members: number;
}

/** Order of {@link PresenceStore.busiest}. */
export function byMembers(a: RoomSize, b: RoomSize): number {
  return b.members - a.members || a.roomId - b.roomId;
}

/** The node has no lease, or lost it. */
export class NoLeaseError extends Error {
  override name = 'NoLeaseError';
  constructor(nodeId: string) {
    super(`node ${nodeId} holds no presence lease`);
  }
}
