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
   * Hash: `<user id>` or `<user id>:<room id>` -> when the ban ends in ms since 1970, empty for never; the field
   * {@link COMPLETE} once all revocations and bans are restored; and {@link RESTORING} while they are being restored. Owner: the API.
   */
  bans(): string {
    return `${this.#start}:bans`;
  }

  /** Stream: the latest changes of the two above, for copies of the list. Owner: the API; also begun by gateways. */
  accessLog(): string {
    return `${this.#start}:log`;
  }

  /**
   * Hash per user: room id -> a letter for the role, and `:` with the end of a mute in ms since 1970; and the field '' with
   * the beginning of the run id of the server process that it was written in. Owner: the API. One key per user: its name
   * is short.
   */
  memberships(userId: number): string {
    return `${this.#start}:m:${userId}`;
  }

  /** String: run id of the server process to which all memberships were restored. Owner: the API. */
  membershipsComplete(): string {
    return `${this.#start}:m`;
  }

  /** Hash: room id -> seconds between two messages of one user; stamped as the memberships are. Owner: the API. */
  slowModes(): string {
    return `${this.#start}:slow`;
  }

  /** String, expires with the turn: the last message of a user in a room with slow mode. Owner: gateways and the API. */
  slowModeTurn(roomId: number, userId: number): string {
    return `${this.#start}:slow:${roomId}:${userId}`;
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

/** Marks that nothing is missing: after a loss in Redis, neither signed-out sessions nor banned users must be admitted. */
export const COMPLETE = 'complete';
/** Holds the restoration in progress. It is lost together with what was restored. */
export const RESTORING = 'restoring';
