import { type PendingChange, type RoomDirectory, RoomRestorer } from '@chorus/broker';
import { type Closeable, type Logger, RepeatedWork } from '@chorus/service';
import type { BanService } from '../../bans/service.js';
import type { RoomPositions, RoomRepository } from '../repository.js';
import type { ArchivedEntries } from './archived-entries.js';
import { roomArchive } from './room-archive.js';

export interface RoomMirrorOptions {
  /** Interval of checks of the directory, in milliseconds. */
  readonly intervalMs: number;
  /** Younger changes are left to the request that makes them, in milliseconds. */
  readonly settleAfterMs: number;
  /** Interval of passes over all rooms while nothing seems to be missing, in milliseconds. */
  readonly verifyEveryMs: number;
}

const DEFAULTS: RoomMirrorOptions = { intervalMs: 300, settleAfterMs: 5_000, verifyEveryMs: 600_000 };
/** Rooms per page. */
const PAGE = 500;
/**
 * Duration of the lock, in milliseconds. A replica that dies while it works is succeeded by another after this time;
 * until then gateways may have to answer "try again". A working replica renews the lock.
 */
const LOCK_TTL_MS = 5_000;

/**
 * Keeps the rooms that gateways know equal to those in PostgreSQL. Every API replica runs one; a lock gives each
 * piece of work to one of them.
 * - Changes that stay pending are compared with PostgreSQL and finished.
 * - When the mirror is not complete, at the very first start or after Redis was restarted or failed over, all rooms
 *   are restored: those that Redis does not know, and what it lacks of the others. Gateways answer "try again" for a
 *   room until it is restored; rooms that gateways wait for come first.
 * - Occasionally all rooms are compared although nothing seems to be missing, because a Redis that fails over can
 *   lose its last writes and still be marked complete.
 * Both passes restore the bans before the rooms are marked complete.
 */
export class RoomMirror implements Closeable {
  readonly #options: RoomMirrorOptions;
  readonly #work: RepeatedWork;
  #verifyAt = 0;
  readonly #restorer: RoomRestorer;
  readonly #unwatch: () => void;

  constructor(
    private readonly rooms: RoomRepository,
    entries: ArchivedEntries,
    private readonly directory: RoomDirectory,
    private readonly bans: Pick<BanService, 'bringIn'>,
    private readonly log: Logger,
    options: Partial<RoomMirrorOptions> = {},
  ) {
    this.#options = { ...DEFAULTS, ...options };
    this.#restorer = new RoomRestorer(directory, roomArchive(rooms, entries), log);
    this.#work = new RepeatedWork({
      run: () => this.run(),
      intervalMs: this.#options.intervalMs,
      texts: {
        failing: 'the mirror of rooms cannot be checked',
        works: 'the mirror of rooms is checked again',
      },
      log,
    });
    // Redis may have returned with other data: gateways wait.
    this.#unwatch = directory.onConnected(() => this.#work.wake());
  }

  start(): void {
    this.#work.start();
  }

  /** Stops after the current page. */
  async close(): Promise<void> {
    this.#unwatch();
    await this.#work.close();
  }

  /** Runs one check, and the work that follows from it. Rejects when Redis or PostgreSQL is unavailable. */
  async run(): Promise<void> {
    if (!(await this.directory.isComplete())) {
      await this.directory.exclusively('rooms-all', LOCK_TTL_MS, () => this.#rebuild());
    } else if (performance.now() >= this.#verifyAt) {
      this.#verifyAt = performance.now() + this.#options.verifyEveryMs;
      await this.directory.exclusively('rooms-all', LOCK_TTL_MS, () => this.#bringInAll());
    }
    const wanted = await this.directory.wanted();
    if (wanted.length > 0) {
      await this.directory.exclusively('rooms-wanted', LOCK_TTL_MS, () => this.#bringInWanted(wanted));
    }
    const pending = await this.directory.pending(this.#options.settleAfterMs, PAGE);
    if (pending.length > 0) {
      await this.directory.exclusively('rooms-pending', LOCK_TTL_MS, () => this.#settle(pending));
    }
  }

  async #rebuild(): Promise<void> {
    this.log.info('restoring all rooms for the gateways');
    await this.#bringInAll();
    if (this.#work.closed) return;
    await this.directory.markComplete();
    // Redis may have lost its data again half-way and is now marked complete: check once more.
    await this.#bringInAll();
    this.#verifyAt = performance.now() + this.#options.verifyEveryMs;
    this.log.info('the gateways know all rooms');
  }

  async #bringInAll(): Promise<void> {
    await this.bans.bringIn();
    let after = 0;
    while (!this.#work.closed) {
      const page = await this.rooms.positionsAfter(after, PAGE);
      await this.#bringIn(page);
      await this.#dropDeleted(page.rooms.map((room) => room.id));
      const last = page.rooms.at(-1);
      if (last === undefined || page.rooms.length < PAGE) return;
      after = last.id;
      const wanted = await this.directory.wanted();
      if (wanted.length > 0) await this.#bringInWanted(wanted);
    }
  }

  /** Restores the rooms that gateways wait for, and reports the others as deleted. */
  async #bringInWanted(ids: readonly number[]): Promise<void> {
    const existing = await this.rooms.positions(ids);
    const known = new Set(existing.rooms.map((room) => room.id));
    await this.#bringIn(existing);
    await this.#dropDeleted([...known]);
    // A room that is created at this moment was restored.
    const gone = ids.filter((id) => !known.has(id));
    await Promise.all(gone.map((id) => this.directory.remove(id, 'stale')));
  }

  async #settle(changes: readonly PendingChange[]): Promise<void> {
    const ids = changes.map((change) => change.roomId);
    const existing = await this.rooms.positions(ids);
    const known = new Set(existing.rooms.map((room) => room.id));
    await this.#bringIn(existing);
    await this.#remove(ids.filter((id) => !known.has(id)));
    // Rooms can be created and deleted while this runs. Their changes stay pending as well, but gateways must not be
    // wrong until the next check.
    const { rooms, now } = await this.rooms.positions(ids);
    await this.#bringIn({ rooms: rooms.filter((room) => !known.has(room.id)), now });
    await this.#dropDeleted([...known]);
    await this.directory.settle(changes);
  }

  #bringIn({ rooms, now }: RoomPositions): Promise<void> {
    return this.#restorer.bringIn(rooms, now);
  }

  /** Removes those of the restored rooms that were deleted after they were read from PostgreSQL. */
  async #dropDeleted(ids: readonly number[]): Promise<void> {
    const { rooms } = await this.rooms.positions(ids);
    const existing = new Set(rooms.map((room) => room.id));
    await this.#remove(ids.filter((id) => !existing.has(id)));
  }

  async #remove(ids: readonly number[]): Promise<void> {
    await Promise.all(ids.map((id) => this.directory.remove(id)));
  }
}
