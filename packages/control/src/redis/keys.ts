import type { Keyspace } from '@chorus/redis';

/**
 * Names of what this package keeps in Redis. All of it is in the hash slot of partition 0, whose loss the
 * API notices as that of a part of the rooms: it then brings revocations and bans along.
 */
export class ControlKeys {
  readonly #start: string;

  constructor(keyspace: Keyspace) {
    this.#start = `${keyspace.partition(0)}:control`;
  }

  /** Sorted set: token id by the end of the token, in ms since 1970. Owner: the API; pruned at every change. */
  revoked(): string {
    return `${this.#start}:revoked`;
  }

  /**
   * Hash: `<user id>` or `<user id>:<room id>` -> when the ban ends in ms since 1970, or nothing for never; and
   * the field {@link COMPLETE} once all bans are in it. Owner: the API.
   */
  bans(): string {
    return `${this.#start}:bans`;
  }

  /** Hash: node id -> its report as JSON. Owner: the node. */
  reports(): string {
    return `${this.#start}:nodes`;
  }

  /** Sorted set: node id by the end of its report, in ms of Redis' clock. Changes together with the reports. */
  reportEnds(): string {
    return `${this.#start}:nodes:ends`;
  }
}

/** Says that every ban is in the hash: one that Redis lost does not let everybody in. */
export const COMPLETE = 'complete';
