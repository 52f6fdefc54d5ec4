import { setImmediate as nextTick, setTimeout as sleep } from 'node:timers/promises';
import type { AccessList, RoomSubject, RoomVerdict } from '@chorus/control';
import { UnavailableError } from '@chorus/redis';
import { applyMembership, type MemberRoom } from './changes.js';

/** A room whose members can be checked. */
export interface CheckedRoom extends MemberRoom {
  readonly id: number;
}

/** Rooms of one tick, each with the users that are in it or are joining it. */
type Batch = Map<CheckedRoom, readonly RoomSubject[]>;

/** Subjects per query, at least; one room can have more. */
const AT_ONCE = 500;
/** Pause after a failed query, in milliseconds: however many rooms wait, Redis is asked once in this time while it is being restored. */
const PAUSE_MS = 250;

/** Compares the sockets of rooms with the memberships, for what entries of the rooms that are lost may have changed. */
export class MemberChecks {
  #requested = new Set<CheckedRoom>();
  #running: Promise<void> | undefined;
  /** Time before which nothing is queried, in milliseconds of `performance.now()`. */
  #notBefore = 0;

  constructor(private readonly access: Pick<AccessList, 'checkRooms'>) {}

  /**
   * Removes the sockets of users who may not read the room, voids their joins in progress, and updates what the others are in it. No entry
   * of the room may be delivered meanwhile. Rooms of one tick share queries, and after a failure all those that wait.
   * @throws {UnavailableError} also while the memberships are not complete
   */
  check(room: CheckedRoom): Promise<void> {
    this.#requested.add(room);
    this.#running ??= this.#run();
    return this.#running;
  }

  async #run(): Promise<void> {
    const waitMs = this.#notBefore - performance.now();
    await (waitMs > 0 ? sleep(waitMs, undefined, { ref: false }) : nextTick());
    const rooms = this.#requested;
    this.#requested = new Set();
    this.#running = undefined;
    try {
      await this.#checkAll(rooms);
    } catch (error) {
      this.#notBefore = performance.now() + PAUSE_MS;
      throw error;
    }
  }

  async #checkAll(rooms: Iterable<CheckedRoom>): Promise<void> {
    let batch: Batch = new Map();
    let size = 0;
    for (const room of rooms) {
      const subjects = subjectsOf(room);
      batch.set(room, subjects);
      size += subjects.length;
      if (size < AT_ONCE) continue;
      await this.#checkBatch(batch);
      batch = new Map();
      size = 0;
    }
    await this.#checkBatch(batch);
  }

  async #checkBatch(batch: Batch): Promise<void> {
    const subjects = [...batch.values()].flat();
    if (subjects.length === 0) return;
    const found = await this.access.checkRooms(subjects);
    let at = 0;
    for (const [room, { length }] of batch) {
      for (let end = at + length; at < end; at++) apply(room, subjects[at], found[at]);
    }
  }
}

function subjectsOf({ id, subscribers, tickets }: CheckedRoom): RoomSubject[] {
  const userIds = new Set([...subscribers].map(({ member }) => member.id));
  for (const { userId } of tickets) userIds.add(userId);
  return [...userIds].map((userId) => ({ userId, roomId: id }));
}

function apply(room: CheckedRoom, subject: RoomSubject | undefined, found: RoomVerdict | undefined): void {
  if (subject === undefined || found?.membership === undefined) {
    throw new UnavailableError('the memberships are not complete yet');
  }
  applyMembership(room, subject.userId, found.membership);
  room.slowModeSeconds = found.slowModeSeconds;
}
