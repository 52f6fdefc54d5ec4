import type { RoomKind } from '@chorus/protocol';
import { type Backlog, type BacklogMeasure, type HistoryLimits, MEASURED_ROOMS } from '../archive-queue.js';
import {
  BacklogFullError,
  isAfter,
  type Position,
  type Published,
  RoomNotFoundError,
  type RoomStanding,
  type SeenOfRoom,
  type StoredMessage,
} from '../broker.js';
import { activityOf } from '../publishing/activity-of.js';
import { costOf } from '../publishing/backlog-cost.js';
import { extrapolated } from '../publishing/backlog-measure.js';
import { canErase } from '../publishing/can-erase.js';
import { retentionMs } from '../publishing/expired.js';
import { bodyOf } from '../publishing/stored-frame.js';
import type { UserReadMark } from '../read-positions.js';
import type { BroughtIn, MirroredRoom, Restoration, RoomSize } from '../room-directory.js';
import { MemoryBacklog } from './backlog.js';
import { MemoryChannels } from './channels.js';
import { MemoryRoom } from './room.js';
import type { MemoryRoomStoreOptions } from './room-store-options.js';
import { Unstored } from './stored-first.js';

/** State that the brokers and directories of one process share; the counterpart of the data in Redis. */
export class MemoryRoomStore {
  readonly #rooms = new Map<number, MemoryRoom>();
  readonly channels = new MemoryChannels();
  #lastEpoch: number;
  /** Whether every room of the database is known. */
  complete = false;
  /** Time of the last change by room. */
  readonly pending = new Map<number, number>();
  /** Rooms that were requested and may exist, although they are unknown. */
  readonly wanted = new Set<number>();
  /** Rooms that are restored in part: they accept no messages and have no position. */
  readonly #partial = new Set<number>();
  /** Read positions that may not be stored, by `<room>:<user>`. */
  readonly reads = new Map<string, UserReadMark>();
  /** Days for which rooms keep messages, of those with a limit of their own. */
  readonly retentions = new Map<number, number>();
  /** Names of the locks that are held. */
  readonly locks = new Set<string>();
  readonly #backlog: MemoryBacklog;

  /** What waits until it is stored; undefined without {@link StoredFirst}. */
  readonly storing: Unstored | undefined;

  constructor(private readonly options: MemoryRoomStoreOptions = {}) {
    this.#lastEpoch = options.newestEpoch ?? 0;
    this.#backlog = new MemoryBacklog(options.maxBacklogBytes ?? Number.POSITIVE_INFINITY);
    this.storing = options.storedFirst && new Unstored(options.storedFirst);
  }

  /** @returns whether the room was unknown until now, or is of that generation */
  ensure(roomId: number, seq: number, generation?: number, kind?: RoomKind, size?: RoomSize): boolean {
    const room = this.#rooms.get(roomId);
    if (room !== undefined) return generation !== undefined && room.generation === generation;
    this.#add(roomId, new MemoryRoom({ epoch: this.#newEpoch(), seq }, generation, kind, size));
    return true;
  }

  /** See `RoomDirectory.bringIn`. Memory never has older data: every known room is whole. */
  bringIn(mirrored: MirroredRoom, now: number): BroughtIn {
    const { id, generation, last, kind, size } = mirrored;
    const room = this.#rooms.get(id);
    if (room === undefined) {
      if (last.epoch > 0) return { end: undefined, unstored: undefined, needed: undefined };
      this.#add(id, new MemoryRoom({ epoch: this.#newEpoch(now), seq: 0 }, generation, kind, size));
      return 'made';
    }
    room.generation ??= generation;
    if (room.generation !== generation) return room.generation < generation ? 'older' : 'newer';
    if (isAfter(last, room.at)) return { end: room.at, unstored: room.unstoredEnd, needed: undefined };
    room.learn(mirrored);
    this.wanted.delete(id);
    return 'whole';
  }

  /** Whether such a room exists or may exist, although it cannot be used. */
  isAwaited(roomId: number): boolean {
    return !this.complete || this.#partial.has(roomId);
  }

  /** See `RoomDirectory.restore`. */
  restore(restoration: Restoration, now: number): boolean {
    const { room: mirrored, end, complete, messages } = restoration;
    const { id } = mirrored;
    const known = this.#rooms.get(id);
    if (known?.at.epoch !== end?.epoch || known?.at.seq !== end?.seq) return false;
    const room = known ?? new MemoryRoom({ epoch: 0, seq: 0 }, mirrored.generation);
    if (room.generation !== mirrored.generation) return false;
    const before =
      restoration.before === 'stored' && room.unstoredFrames.some(canErase) ? 'unknown' : restoration.before;
    if (before !== 'unknown') this.#backlog.takeOff(room.unstoredFrames);
    room.restore({ ...restoration, before }, this.#ticks());
    const bytes = before === 'unknown' ? messages.reduce((sum, { body }) => sum + costOf(body), 0) : 0;
    if (messages.length > 0) this.#backlog.add(id, bytes, this.#ticks());
    if (complete) room.complete(mirrored, this.#newEpoch(Math.max(now, mirrored.last.epoch, room.at.epoch)));
    if (known === undefined) this.#add(id, room);
    this.#partial.add(id);
    if (!complete) return true;
    this.#partial.delete(id);
    this.channels.deliver(id, (listener) => listener.onMoved?.(id));
    return true;
  }

  /** Generation of the room, if known. */
  generation(roomId: number): number | undefined {
    return this.#rooms.get(roomId)?.generation;
  }

  /** @param which see `RoomDirectory.remove` @returns false if the room was not removed */
  remove(roomId: number, which?: number | 'stale'): boolean {
    const room = this.#rooms.get(roomId);
    this.wanted.delete(roomId);
    // No room outlives this process, so every known room was brought in.
    if (which === 'stale') return false;
    if (which !== undefined && room?.generation !== undefined && room.generation >= which) return false;
    if (room !== undefined) this.#backlog.forget(roomId, room);
    this.#rooms.delete(roomId);
    this.retentions.delete(roomId);
    this.#partial.delete(roomId);
    this.storing?.refuse(roomId, new RoomNotFoundError(roomId));
    return true;
  }

  /** Gives the room a new epoch if it ends before a position that a node has seen. */
  standing(roomId: number, seen?: SeenOfRoom): RoomStanding | undefined {
    const room = this.#usable(roomId);
    if (room === undefined) return undefined;
    const generation = String(room.generation ?? '');
    const same = seen === undefined || seen.generation === '' || seen.generation === generation;
    if (seen?.by === 'node' && same && isAfter(seen.position, room.at)) {
      room.beginEpoch({ epoch: this.#newEpoch(seen.position.epoch), seq: room.at.seq });
      room.lost = { position: seen.position, wholeFrom: room.at.epoch };
      this.channels.deliver(roomId, (listener) => listener.onMoved?.(roomId));
    }
    const { delivered, lost } = room;
    return {
      at: delivered,
      generation,
      kind: room.kind,
      wholeFrom: lost?.wholeFrom ?? 0,
      lost: lost?.position,
      settled: this.complete,
      retentionDays: this.retentions.get(roomId),
    };
  }

  /** See `RoomDirectory.setRetention`. */
  setRetention(roomId: number, days: number | undefined): void {
    if (this.retentions.get(roomId) === days) return;
    if (days === undefined) this.retentions.delete(roomId);
    else this.retentions.set(roomId, days);
    this.#backlog.expire(roomId, this.#ticks());
    this.channels.deliver(roomId, (listener) => listener.onMoved?.(roomId));
  }

  /**
   * Stores a message. The caller waits for {@link handedOut} before it acknowledges it.
   * @returns its position; undefined if there is no such room
   * @throws {BacklogFullError}
   * @throws {UnavailableError} nothing can be stored at present
   */
  publish(roomId: number, body: string, key = ''): Published | undefined {
    const room = this.#usable(roomId);
    if (room === undefined) return undefined;
    const now = this.#ticks();
    const known = key === '' ? undefined : room.sentWith(key, now);
    if (known !== undefined) return { ...known, repeated: true };
    this.storing?.admit();
    if (!this.#backlog.admits(room, body)) throw new BacklogFullError('too many messages wait to be stored');
    const position = room.append(body);
    if (key !== '') room.remember(key, position, now);
    this.#backlog.published(roomId, body, now);
    if (this.storing === undefined) this.#handOut(roomId, room.deliver(position));
    else this.storing.begin();
    return position;
  }

  /** See `Broker.publishedWith`. */
  publishedWith(roomId: number, key: string): Position | undefined {
    return this.#rooms.get(roomId)?.sentWith(key, this.#ticks());
  }

  /**
   * Resolves when a published message was delivered; undefined if it has been already. Rejects with the errors of
   * {@link MemoryRoomStore.publish}; after a timeout with {@link UnavailableError}: the message may still be delivered
   * later.
   */
  handedOut(roomId: number, position: Position): Promise<void> | undefined {
    const room = this.#rooms.get(roomId);
    if (this.storing === undefined || room === undefined || !isAfter(position, room.delivered)) return;
    return this.storing.wait(roomId, position);
  }

  claim(maxRooms: number, maxMessages: number, leaseMs: number): Backlog[] {
    return this.#backlog.claim(maxRooms, leaseMs, this.#ticks()).map((roomId) => {
      const room = this.#rooms.get(roomId);
      return {
        roomId,
        after: room?.stored ?? { epoch: 0, seq: 0 },
        messages: room?.unstored(maxMessages) ?? [],
      };
    });
  }

  settle(roomId: number, upTo: Position, keep: HistoryLimits, erased: readonly Position[] = []): void {
    const room = this.#rooms.get(roomId);
    if (room === undefined) return;
    // Before they may be trimmed.
    const fresh = this.storing === undefined ? [] : room.deliver(upTo);
    const moment = { now: this.#now(), ticks: this.#ticks() };
    const ages = [keep.maxAgeMs || undefined, retentionMs(this.retentions.get(roomId))];
    const maxAgeMs = Math.min(...ages.filter((age) => age !== undefined));
    const limits = { ...keep, maxAgeMs: Number.isFinite(maxAgeMs) ? maxAgeMs : 0 };
    const rose = this.#backlog.settle(roomId, room, upTo, limits, moment);
    room.erase(roomId, erased);
    if (!rose) return;
    const { stored } = room;
    // Before the delivery, so that an ack that leaves with its message already knows that it is stored.
    this.channels.deliver(roomId, (listener) => listener.onStored(roomId, stored));
    this.#handOut(roomId, fresh);
    this.storing?.resolve(roomId, room.delivered);
  }

  /** Size of the backlog. */
  get unstored(): { bytes: number; rooms: number } {
    return { bytes: this.#backlog.bytes, rooms: this.#backlog.rooms };
  }

  measure(): BacklogMeasure {
    const waiting = this.#backlog.longest(MEASURED_ROOMS).flatMap((roomId) => {
      const room = this.#rooms.get(roomId);
      return room === undefined ? [] : [room.waiting];
    });
    return extrapolated(this.unstored, waiting);
  }

  room(roomId: number): MemoryRoom | undefined {
    return this.#rooms.get(roomId);
  }

  notice(roomId: number, frame: string): void {
    const bytes = Buffer.from(frame);
    this.channels.deliver(roomId, (listener) => listener.onNotice(roomId, bytes));
  }

  between(roomId: number, after: Position, upTo: Position, limit: number): StoredMessage[] {
    return this.#rooms.get(roomId)?.between(after, upTo, limit) ?? [];
  }

  #usable(roomId: number): MemoryRoom | undefined {
    const room = this.#partial.has(roomId) ? undefined : this.#rooms.get(roomId);
    if (room === undefined && this.isAwaited(roomId)) this.wanted.add(roomId);
    return room;
  }

  #now(): number {
    return (this.options.now ?? Date.now)();
  }

  /** Milliseconds of a monotonic clock. */
  #ticks(): number {
    return (this.options.now ?? performance.now.bind(performance))();
  }

  #newEpoch(above = 0): number {
    this.#lastEpoch = Math.max(this.#now(), this.#lastEpoch + 1, above + 1);
    return this.#lastEpoch;
  }

  #add(roomId: number, room: MemoryRoom): void {
    this.#rooms.set(roomId, room);
    this.wanted.delete(roomId);
    if (this.storing === undefined) return;
    room.stored = room.at;
    const keys = this.storing.takeKeys(roomId);
    for (const { key, position } of keys) room.remember(key, position, this.#ticks());
  }

  #handOut(roomId: number, messages: readonly StoredMessage[]): void {
    for (const { epoch, seq, frame } of messages) {
      this.channels.deliver(roomId, (listener) => listener.onMessage(roomId, { epoch, seq }, frame));
    }
    if (this.channels.isWatched) for (const message of messages) this.#announce(roomId, message);
  }

  #announce(roomId: number, message: StoredMessage): void {
    const { changes = 0, seq } = message;
    const followed = this.#rooms.get(roomId)?.isFollowed ?? false;
    const activity = activityOf(roomId, message, bodyOf(message), seq - changes, followed);
    if (activity !== undefined) this.channels.activity(activity);
  }
}
