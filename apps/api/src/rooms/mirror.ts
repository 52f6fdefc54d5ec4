import { type PendingChange, type RoomDirectory, RoomRestorer } from '@chorus/broker';
import type { Closeable, Logger } from '@chorus/service';
import type { BanService } from '../bans/service.js';
import type { MessageRepository } from '../messages/repository.js';
import { roomArchive } from './archive.js';
import type { RoomPositions, RoomRepository } from './repository.js';

export interface RoomMirrorOptions {
  /** Time between two looks at the directory. */
  readonly intervalMs: number;
  /** A change younger than this is left to the request that makes it. */
  readonly settleAfterMs: number;
  /** Time between two passes over all rooms while nothing seems to be missing. */
  readonly verifyEveryMs: number;
}

const DEFAULTS: RoomMirrorOptions = { intervalMs: 300, settleAfterMs: 5_000, verifyEveryMs: 600_000 };
/** Rooms handled at a time. */
const PAGE = 500;
/**
 * A replica that dies at this work, or loses Redis over it, is succeeded by another after so long, in milliseconds:
 * until then gateways may have to answer "try again". Whoever is at it keeps the lock for as long as it takes.
 */
const LOCK_TTL_MS = 5_000;

/**
 * Keeps the rooms that gateways know equal to those in PostgreSQL. Every API replica runs one; each
 * piece of work is done by one of them.
 *
 * - Changes that stay pending are compared with PostgreSQL and finished.
 * - When the mirror is not complete, at the very first start or after Redis has restarted or a replica of it has taken
 *   over, all rooms are brought in: those that Redis does not know, and what it lacks of the others. Until a room's turn
 *   has come gateways answer "try again"; those that they wait for come first.
 * - Now and then all rooms are brought in although nothing seems to be missing, because a Redis that
 *   fails over can lose its last writes and still say that it is complete.
 *
 * Both times the bans are brought along, before anybody may rely on the rooms.
 */
export class RoomMirror implements Closeable {
  readonly #options: RoomMirrorOptions;
  #timer: NodeJS.Timeout | undefined;
  #running: Promise<void> | undefined;
  #closed = false;
  /** The next look is due at once. */
  #soon = false;
  #failing = false;
  #verifyAt = 0;
  readonly #restorer: RoomRestorer;
  readonly #unwatch: () => void;

  constructor(
    private readonly rooms: RoomRepository,
    messages: MessageRepository,
    private readonly directory: RoomDirectory,
    private readonly bans: Pick<BanService, 'bringIn'>,
    private readonly log: Logger,
    options: Partial<RoomMirrorOptions> = {},
  ) {
    this.#options = { ...DEFAULTS, ...options };
    this.#restorer = new RoomRestorer(directory, roomArchive(rooms, messages), log);
    this.#unwatch = directory.onConnected(() => this.#lookSoon());
  }

  start(): void {
    this.#soon = false;
    this.#running = this.#attempt().finally(() => {
      this.#running = undefined;
      if (this.#closed) return;
      this.#timer = setTimeout(() => this.start(), this.#soon ? 0 : this.#options.intervalMs);
    });
  }

  /** Stops after the page that is being worked on. */
  async close(): Promise<void> {
    this.#closed = true;
    this.#unwatch();
    clearTimeout(this.#timer);
    await this.#running;
  }

  /** One look, and the work that follows from it. Rejects when Redis or PostgreSQL is away. */
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

  /** Redis may have come back with other data: gateways wait. */
  #lookSoon(): void {
    this.#soon = true;
    if (this.#running !== undefined || this.#closed || this.#timer === undefined) return;
    clearTimeout(this.#timer);
    this.start();
  }

  async #attempt(): Promise<void> {
    try {
      await this.run();
      if (this.#failing) this.log.info('the mirror of rooms is looked after again');
      this.#failing = false;
    } catch (error) {
      // One line an outage: this runs every second.
      if (!this.#failing)
        this.log.warn({ error: String(error) }, 'the mirror of rooms cannot be looked after');
      this.#failing = true;
    }
  }

  async #rebuild(): Promise<void> {
    this.log.info('bringing all rooms to the gateways');
    await this.#bringInAll();
    if (this.#closed) return;
    await this.directory.markComplete();
    // A Redis that lost its data again half-way is now called complete: look once more.
    await this.#bringInAll();
    this.#verifyAt = performance.now() + this.#options.verifyEveryMs;
    this.log.info('all rooms are known to the gateways');
  }

  async #bringInAll(): Promise<void> {
    await this.bans.bringIn();
    let after = 0;
    while (!this.#closed) {
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

  /** Rooms that gateways wait for; those that do not exist are gone. */
  async #bringInWanted(ids: readonly number[]): Promise<void> {
    const existing = await this.rooms.positions(ids);
    const known = new Set(existing.rooms.map((room) => room.id));
    await this.#bringIn(existing);
    await this.#dropDeleted([...known]);
    // One that is made at this moment was brought in.
    const gone = ids.filter((id) => !known.has(id));
    await Promise.all(gone.map((id) => this.directory.remove(id, 'stale')));
  }

  async #settle(changes: readonly PendingChange[]): Promise<void> {
    const ids = changes.map((change) => change.roomId);
    const existing = await this.rooms.positions(ids);
    const known = new Set(existing.rooms.map((room) => room.id));
    await this.#bringIn(existing);
    await this.#remove(ids.filter((id) => !known.has(id)));
    // Rooms can be created and deleted while this runs. Their changes then stay pending, too, but
    // must not leave gateways wrong until the next look.
    const { rooms, now } = await this.rooms.positions(ids);
    await this.#bringIn({ rooms: rooms.filter((room) => !known.has(room.id)), now });
    await this.#dropDeleted([...known]);
    await this.directory.settle(changes);
  }

  #bringIn({ rooms, now }: RoomPositions): Promise<void> {
    return this.#restorer.bringIn(rooms, now);
  }

  /** Removes those of the rooms just brought in that were deleted between reading and bringing in. */
  async #dropDeleted(ids: readonly number[]): Promise<void> {
    const { rooms } = await this.rooms.positions(ids);
    const existing = new Set(rooms.map((room) => room.id));
    await this.#remove(ids.filter((id) => !existing.has(id)));
  }

  async #remove(ids: readonly number[]): Promise<void> {
    await Promise.all(ids.map((id) => this.directory.remove(id)));
  }
}
