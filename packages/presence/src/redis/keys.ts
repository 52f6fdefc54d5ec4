import type { Keyspace } from '@chorus/redis';

/**
 * Names of what presence keeps in Redis. Each partition is a world of its own, leases included, in
 * one hash slot: so every script sees the lease, the members and the channel that it decides about.
 *
 * A *registration* is one stay of one node: an id minted when it takes a lease it did not hold.
 */
export class PresenceKeys {
  constructor(private readonly keyspace: Keyspace) {}

  /**
   * Sorted set: `<registration>@<node id>` by the end of its lease, in ms of Redis' clock. Only
   * registrations in it may write. Score 0: closed, its entries are being removed.
   * Owner: the node itself until its lease has ended, then whoever reaps it.
   */
  leases(partition: number): string {
    return `${this.keyspace.partition(partition)}:presence:leases`;
  }

  /**
   * Hash: room id -> how many members of that room this registration holds; and in the field `changes`
   * how many changes it has made in this partition. Goes when the registration is reaped.
   */
  node(partition: number, registration: string): string {
    return `${this.keyspace.partition(partition)}:presence:node:${registration}`;
  }

  /** String, expires after an hour: the registration was declared dead, and its departures announced. */
  closed(partition: number, registration: string): string {
    return `${this.keyspace.partition(partition)}:presence:closed:${registration}`;
  }

  /**
   * Hash: user id -> `<registration>,[<registration>,…]:<username>`, the registrations that hold the user.
   * Exists while anybody is in the room. One hash for all nodes rather than one each, so that first and
   * last are decided by one look-up however many nodes there are, and small rooms stay in Redis' compact
   * encoding.
   */
  members(roomId: number): string {
    return `${this.keyspace.room(roomId)}:members`;
  }
}
