import type { ReadPositions } from '@chorus/broker';
import { blame } from '../archive-error.js';
import type { ArchiverWork } from '../archiver.js';
import type { ReadStore } from './read-store.js';

/** Read positions that are stored in one transaction. */
const AT_ONCE = 1_000;

/** Moves read positions from Redis to PostgreSQL, in bounded batches. */
export class ReadWork implements ArchiverWork {
  constructor(
    private readonly reads: Pick<ReadPositions, 'unsettled' | 'settle'>,
    private readonly store: Pick<ReadStore, 'store'>,
  ) {}

  /** @returns whether more positions are likely to wait @throws {ArchiveError} nothing is lost */
  async cycle(): Promise<boolean> {
    // Most cycles find none: they cost PostgreSQL nothing.
    if (await this.isDone()) return false;
    return (await blame('PostgreSQL', this.store.store(this.reads, AT_ONCE))) >= AT_ONCE;
  }

  /** @throws {ArchiveError} */
  async isDone(): Promise<boolean> {
    return (await blame('Redis', this.reads.unsettled(1))).length === 0;
  }
}
