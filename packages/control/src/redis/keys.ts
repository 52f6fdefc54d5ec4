import type { Keyspace } from '@chorus/redis';

/**
 * Names of the keys of this package in Redis. All are in the hash slot of partition 0. The API notices the loss of
 * that partition as a loss of part of the rooms, and then restores revocations and bans as well.
 */
export class ControlKeys {
  readonly #start: string;

  constructor(keyspace: Keyspace) {
    this.#start = `${keyspace.partition(0)}:control`;
  }

  /** Sorted set: token id by the expiry of the token, in ms since 1970. Owner: the API; pruned at every change. */
  revoked(): string {
    return `${this.#start}:revoked`;
  }

  /**
   * Hash: `<user id>` or `<user id>:<room id>` -> when the ban ends in ms since 1970, empty for never; and the field
   * {@link COMPLETE} once all bans are in it. Owner: the API.
   */
  bans(): string {
    return `${this.#start}:bans`;
  }

  /** Hash: node id -> its report as JSON. Owner: the node. */
  reports(): string {
    return `${this.#start}:nodes`;
  }

  /** Sorted set: node id by the expiry of its report, in ms of Redis' clock. Changes together with the reports. */
  reportEnds(): string {
    return `${this.#start}:nodes:ends`;
  }
}

/** Marks that every ban is in the hash: after a loss in Redis, banned users must not be admitted. */
export const COMPLETE = 'complete';
