import { MicroBatcher } from '@chorus/broker';
import type { AccessList, RoomSubject, RoomVerdict } from '@chorus/control';

/** Users and rooms of one query; and those that may wait. */
const BATCH = { maxItems: 500, maxSize: Number.POSITIVE_INFINITY, maxQueuedSize: 100_000, maxWindowMs: 0 };

/**
 * Asks the access list about the users and rooms of concurrent requests together: while one query is in progress, the next one gathers.
 * An answer is never older than its request.
 */
export class RoomChecks {
  readonly #batcher: MicroBatcher<RoomSubject, RoomVerdict>;

  constructor(access: Pick<AccessList, 'checkRooms'>) {
    this.#batcher = new MicroBatcher<RoomSubject, RoomVerdict>(
      (subjects) => access.checkRooms(subjects),
      () => 1,
      BATCH,
    );
  }

  /** @throws {UnavailableError} as `AccessList.checkRooms` does, and if too many requests wait */
  check(subject: RoomSubject): Promise<RoomVerdict> {
    return this.#batcher.add(subject);
  }
}
