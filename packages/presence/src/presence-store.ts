import type { Member } from '@chorus/protocol';

/** Most members of a room that is told who comes and goes, unless told otherwise. */
export const ANNOUNCE_LIMIT = 1_000;

/**
 * Who is in which room, over all nodes.
 *
 * Guarantees:
 * - a node's entries count while it holds a *lease*; when the lease ends they vanish from every
 *   answer at once, whether or not anybody has cleaned up;
 * - a user on several nodes is one member: `joined` is announced with their first entry in a room
 *   and `left` when their last one goes, each exactly once, in the same step as the change itself.
 *   Entries of a node whose lease has ended count here until they are reaped: nobody has announced
 *   their end yet;
 * - in a room with more members than a configured limit, who comes or goes included, nobody is announced: there each
 *   change would cost as many deliveries as a message, and nobody reads that many names;
 * - only the node itself writes its entries, and calls for one (node, room, user) come one after the
 *   other; the one exception is {@link reap}, of a node whose lease has ended.
 *
 * Cost: a write at a user's first and last local connection in a room, and a fixed number of writes
 * per node and renewal. Every method rejects with `UnavailableError` while the store cannot be reached; whether a
 * rejected call had its effect is unknown, and repeating it is safe.
 */
export interface PresenceStore {
  /**
   * Takes or renews this node's lease. Calls for one node come one after the other. Unless `entries` is `kept` the
   * node has a new lease, and must {@link join} everything again.
   */
  renew(nodeId: string, ttlMs: number): Promise<Renewal>;
  /**
   * Adds this node's entry; announces `joined` when no node had one. Repeating it changes nothing.
   * @param again this user's joining was announced before, and {@link renew} has returned false since.
   *   Then `joined` is announced only if the user's departure was: a store that lost its data does
   *   not make everybody enter anew.
   * @throws {NoLeaseError} nothing was written; {@link renew} first
   */
  join(nodeId: string, roomId: number, member: Member, again?: boolean): Promise<void>;
  /** Removes this node's entry; announces `left` when no other node has one. Repeating it changes nothing. */
  leave(nodeId: string, roomId: number, member: Member): Promise<void>;
  /**
   * Lets the lease end `graceMs` from now without a renewal. The entries stay until then, so that
   * users who come back through another node neither leave nor join; {@link reap} announces the rest.
   */
  release(nodeId: string, graceMs: number): Promise<void>;
  /** Members of one room with live nodes, each once, by ascending id, after `after`, at most `limit`. */
  members(roomId: number, after: number, limit: number): Promise<Member[]>;
  /** The same over all rooms. Not one instant: who changes rooms meanwhile may be missed. */
  everyone(after: number, limit: number): Promise<Member[]>;
  /**
   * The rooms with the most members, these first, then by ascending id; at most `limit`. Not one instant, and for
   * a moment after a node died its members in rooms of several nodes may still count.
   */
  busiest(limit: number): Promise<RoomSize[]>;
  /** Nodes with a lease that has ended and whose entries nobody has removed yet. */
  expired(): Promise<string[]>;
  /**
   * Removes what an expired node left and announces `left` for each user without another entry.
   * Any number of nodes may do so at the same time, and any may finish what another one began: each
   * departure is announced once. Does nothing for a live node.
   *
   * @param by the node that reaps. Nothing is done unless its own lease is as this store wrote it last: else the data
   *   is older than that, or the store's clock was set, and no lease in it says who is alive
   * @returns how many departures this call announced
   */
  reap(nodeId: string, by: string): Promise<number>;
  /** Ends what the store itself opened; connections handed to it stay open. */
  close(): Promise<void>;
}

/** What a node learns when it renews its lease. */
export interface Renewal {
  /**
   * What became of this node's entries, if it wrote any. `kept`: they stand. `reaped`: the node was declared dead, and
   * departures were announced. `missing`: it had no lease, or the store lost data; nobody was announced.
   */
  readonly entries: 'kept' | 'reaped' | 'missing';
  /** How long the lease would have lasted without the renewal, by the store's clock, in milliseconds; at least 0. */
  readonly leftMs: number;
}

export interface RoomSize {
  readonly roomId: number;
  readonly members: number;
}

/** The order of {@link PresenceStore.busiest}. */
export function byMembers(a: RoomSize, b: RoomSize): number {
  return b.members - a.members || a.roomId - b.roomId;
}

/** The node never took a lease, or lost it. */
export class NoLeaseError extends Error {
  override name = 'NoLeaseError';
  constructor(nodeId: string) {
    super(`node ${nodeId} holds no presence lease`);
  }
}
