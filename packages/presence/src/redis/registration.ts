import { randomBytes } from 'node:crypto';
import { ALL_PARTITIONS } from '@chorus/redis';

/** A node's count of its own changes in one partition. */
export interface ChangeTally {
  sent: number;
  answered: number;
  /** Sum of the weights of confirmed changes. Redis adds them up too, and both sums must agree. */
  changes: number;
}

/** How far Redis' clock may run ahead of this process' clock within one lease, as a share of the lease. */
const CLOCK_SLACK = 0.1;

/** Proof that the data and the clock are those with which a lease was renewed; see `close.lua`. */
export interface ProofOfLife {
  readonly lease: string;
  /** When the lease ends, in ms of Redis' clock. */
  readonly end: number;
  /** Upper bound of the current time unless the clock was set, in ms of Redis' clock. */
  readonly latest: number;
  /** Time to live of the lease, in milliseconds. */
  readonly ttlMs: number;
}

/**
 * Changes have random weights from 1 to this, so that equal sums mean the same changes: a lost one and one that ran after
 * its caller gave up do not cancel out. 2^29 changes of a partition fit in a safe integer.
 */
const HEAVIEST = 2 ** 24;

/** Number of earlier registrations that are remembered; more accumulate only while Redis is failing. */
const REMEMBERED = 8;

/**
 * One stay of a node in Redis. It separates the node's entries from those of its other stays.
 *
 * A node that was declared dead may resume, and a command that it sent may run late. Both would cause races if
 * entries were identified by the node's id alone. So a node that lost its lease takes a new registration and writes
 * everything again under it. The old one is treated like any dead node, and any node can reap it at any time: users
 * who are still present have another entry and do not leave. Redis refuses writes under a closed registration.
 *
 * The node also takes a new registration when it and Redis have different sums of changes: an unanswered command
 * ran after all, or Redis lost some (it returned with older data, or a replica without the last writes took over).
 */
export class Registration {
  /** 48 random bits. Short, because every entry carries it. */
  readonly id = randomBytes(6).toString('base64url');
  readonly lease: string;
  /** Earlier registrations of this node, latest first. */
  readonly earlier: readonly string[];
  readonly tallies: readonly ChangeTally[] = ALL_PARTITIONS.map(() => ({
    sent: 0,
    answered: 0,
    changes: 0,
  }));

  /** When the lease ends in each partition, in ms of Redis' clock. */
  #ends: readonly number[] = [];
  #ttlMs = 0;
  /** When the last renewal was sent, on the clock of `performance.now()`. */
  #renewedAt = 0;

  constructor(nodeId: string, previous: Registration | undefined) {
    this.lease = `${this.id}@${nodeId}`;
    this.earlier = previous === undefined ? [] : [previous.id, ...previous.earlier].slice(0, REMEMBERED);
  }

  /**
   * @param sentAt when the renewal was sent, on the clock of `performance.now()` @param ends by partition, in ms of
   * Redis' clock
   */
  renewed(sentAt: number, ttlMs: number, ends: readonly number[]): void {
    this.#renewedAt = sentAt;
    this.#ttlMs = ttlMs;
    this.#ends = ends;
  }

  /** Time to live of the lease, in milliseconds. */
  get ttlMs(): number {
    return this.#ttlMs;
  }

  proofOfLife(partition: number): ProofOfLife {
    const end = this.#ends[partition] ?? 0;
    const elapsed = performance.now() - this.#renewedAt;
    const latest = Math.min(end, end - this.#ttlMs * (1 - CLOCK_SLACK) + elapsed);
    return { lease: this.lease, end, latest: Math.floor(latest), ttlMs: this.#ttlMs };
  }
}

/** Weight of a change; see {@link HEAVIEST}. */
export function randomWeight(): number {
  return 1 + Math.floor(Math.random() * HEAVIEST);
}

/** Parses the name of a lease. */
export function parseLease(lease: string): { registration: string; nodeId: string } {
  const at = lease.indexOf('@');
  return { registration: lease.slice(0, at), nodeId: lease.slice(at + 1) };
}

/** Parses the value of a room entry. */
export function parseEntry(value: string): { registrations: string[]; username: string } {
  const colon = value.indexOf(':');
  // Each registration ends with a comma, so the last part is empty.
  return { registrations: value.slice(0, colon).split(',').slice(0, -1), username: value.slice(colon + 1) };
}
