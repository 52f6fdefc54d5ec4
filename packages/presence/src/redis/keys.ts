import type { Keyspace } from '@chorus/redis';

/**
 * Names of the keys of presence in Redis. Each partition is independent, with leases of its own, and lies in one hash
 * slot. So every script can reach the lease, the members and the channel that it decides about.
 *
 * A *registration* is one stay of a node: an id created when the node takes a lease that it did not hold.
 */
export class PresenceKeys {
  constructor(private readonly keyspace: Keyspace) {}

  /**
   * Sorted set: `<registration>@<node id>` by the end of its lease, in ms of Redis' clock. Only registrations in it
   * may write. Score 0: closed, its entries are being removed. Owner: the node until its lease has ended, then the
   * reaping node.
   */
  leases(partition: number): string {
    return `${this.keyspace.partition(partition)}:presence:leases`;
  }

  /**
   * Hash: room id -> number of members of that room that this registration holds; field `changes` -> sum of the weights
   * of its changes in this partition. Removed when the registration is reaped.
   */
  node(partition: number, registration: string): string {
    return `${this.keyspace.partition(partition)}:presence:node:${registration}`;
  }

  /**
   * Hash: `id` -> run id of the server process that last worked with the data of this partition; `from` and `until` -> time in
   * which no departure is decided, in ms of Redis' clock. Owner: the scripts; `older-data.lua` explains it.
   */
  process(partition: number): string {
    return `${this.keyspace.partition(partition)}:presence:process`;
  }

  /** String, expires after an hour: the registration was declared dead, and its departures were announced. */
  closed(partition: number, registration: string): string {
    return `${this.keyspace.partition(partition)}:presence:closed:${registration}`;
  }

  /**
   * Stream: changes of who is present in rooms of the partition, each with the field `c`: `+<room id>:<user id>` for a user who joined, `-…`
   * for one who left. Owner: the scripts append while there is a {@link journalFlag}, the reader removes what it has stored.
   */
  journal(partition: number): string {
    return `${this.keyspace.partition(partition)}:presence:journal`;
  }

  /** String: largest number of changes in the journal, `0` once it was full. Absent: changes are not recorded. Owner: the reader. */
  journalFlag(partition: number): string {
    return `${this.journal(partition)}:limit`;
  }

  /**
   * Hash: user id -> `<registration>,[<registration>,…]:<username>`, the registrations that hold the user. Exists
   * while the room has members. One hash for all nodes rather than a set per node, so that one look-up decides about
   * first and last, however many nodes there are, and small rooms use Redis' compact encoding.
   */
  members(roomId: number): string {
    return `${this.keyspace.room(roomId)}:members`;
  }
}
