import { randomBytes } from 'node:crypto';
import { ALL_PARTITIONS } from '@chorus/redis';

/** What a node knows of its own changes in one partition. */
export interface Tally {
  sent: number;
  answered: number;
  /** Changes that answers confirmed. Redis counts them, too, and both must agree. */
  changes: number;
}

/** How far Redis' clock may run ahead of this process' within one lease, as a share of the lease. */
const CLOCK_SLACK = 0.1;

/** Proves that data and clock are still those in which a lease was renewed; see `close.lua`. */
export interface ProofOfLife {
  readonly lease: string;
  /** When the lease ends, in ms of Redis' clock. */
  readonly end: number;
  /** The latest that it can be now unless the clock was set, in ms of Redis' clock. */
  readonly latest: number;
}

/** So many earlier registrations are remembered; more than a few only pile up while Redis is failing. */
const REMEMBERED = 8;

/**
 * One stay of a node in Redis, and the fence that keeps its entries apart from those of any other stay.
 *
 * A node that was declared dead may wake up, and a command it sent may run late. Both would be races
 * if its entries were told apart by the node's id alone. So a node that lost its lease takes a new
 * registration and writes everything again under it. The old one can be reaped at leisure, by
 * anybody, and is treated like any other dead node: users who are there again have another entry and
 * do not leave. Redis refuses what still arrives under a closed registration.
 *
 * The same way out serves when the node and Redis count different numbers of changes: an unanswered
 * command ran after all, or Redis lost some (it came back with older data, or a replica without the
 * last writes took over).
 */
export class Registration {
  /** Short, because every entry carries it; 48 random bits. */
  readonly id = randomBytes(6).toString('base64url');
  readonly lease: string;
  /** Earlier registrations of this node, latest first. */
  readonly earlier: readonly string[];
  readonly tallies: readonly Tally[] = ALL_PARTITIONS.map(() => ({
    sent: 0,
    answered: 0,
    changes: 0,
  }));

  /** When the lease ends in each partition, in ms of Redis' clock. */
  #ends: readonly number[] = [];
  #ttlMs = 0;
  /** As `performance.now()` told when the last renewal was sent. */
  #renewedAt = 0;

  constructor(nodeId: string, previous: Registration | undefined) {
    this.lease = `${this.id}@${nodeId}`;
    this.earlier = previous === undefined ? [] : [previous.id, ...previous.earlier].slice(0, REMEMBERED);
  }

  /** @param sentAt as `performance.now()` told @param ends by partition, in ms of Redis' clock */
  renewed(sentAt: number, ttlMs: number, ends: readonly number[]): void {
    this.#renewedAt = sentAt;
    this.#ttlMs = ttlMs;
    this.#ends = ends;
  }

  proofOfLife(partition: number): ProofOfLife {
    const end = this.#ends[partition] ?? 0;
    const elapsed = performance.now() - this.#renewedAt;
    const latest = Math.min(end, end - this.#ttlMs * (1 - CLOCK_SLACK) + elapsed);
    return { lease: this.lease, end, latest: Math.floor(latest) };
  }
}

/** Takes a lease's name apart. */
export function parseLease(lease: string): { registration: string; nodeId: string } {
  const at = lease.indexOf('@');
  return { registration: lease.slice(0, at), nodeId: lease.slice(at + 1) };
}

/** Takes a room entry's value apart. */
export function parseEntry(value: string): { registrations: string[]; username: string } {
  const colon = value.indexOf(':');
  // Each registration ends with a comma, so the last part is empty.
  return { registrations: value.slice(0, colon).split(',').slice(0, -1), username: value.slice(colon + 1) };
}
