import type { Member } from '@chorus/protocol';

/**
 * Who is in which room, over all nodes.
 *
 * Guarantees:
 * - a node's entries count while it holds a *lease*; when the lease ends they vanish from every
 *   answer at once, whether or not anybody has cleaned up;
 * - a user on several nodes is one member: `joined` is announced with their first entry in a room
 *   and `left` when their last one goes, each exactly once, in the same step as the change itself;
 * - only the node itself writes its entries, and calls for one (room, user) come one after the other;
 *   the one exception is {@link reap}, of a node whose lease has ended.
 *
 * Cost: a write at a user's first and last local connection in a room, and one renewal per node
 * and interval. Every method rejects while the store cannot be reached.
 */
export interface PresenceStore {
  /**
   * Takes or renews this node's lease.
   * @returns false when the node held no lease and no entries: it is new, or it was reaped, or the
   *   store lost its data. Everything it wants to be known must then be written again.
   */
  renew(nodeId: string, ttlMs: number): Promise<boolean>;
  /** Adds this node's entry; announces `joined` when no node had one. Repeating it changes nothing. */
  join(nodeId: string, roomId: number, member: Member): Promise<void>;
  /** Removes this node's entry; announces `left` when no other node has one. Repeating it changes nothing. */
  leave(nodeId: string, roomId: number, member: Member): Promise<void>;
  /**
   * Lets the lease end `graceMs` from now without a renewal. The entries stay until then, so that
   * users who come back through another node neither leave nor join; {@link reap} announces the rest.
   */
  release(nodeId: string, graceMs: number): Promise<void>;
  /** Members of one room with live nodes, each once, by ascending id, after `after`, at most `limit`. */
  members(roomId: number, after: number, limit: number): Promise<Member[]>;
  /** The same over all rooms. */
  everyone(after: number, limit: number): Promise<Member[]>;
  /** Nodes whose lease has ended and whose entries nobody has removed yet. */
  expired(): Promise<string[]>;
  /**
   * Removes what an expired node left and announces `left` for each user without another entry.
   * Any number of nodes may do so at the same time: each departure is announced once. Does nothing for a live node.
   * @returns how many departures this call announced
   */
  reap(nodeId: string): Promise<number>;
  close(): Promise<void>;
}
