import { setImmediate as nextTick } from 'node:timers/promises';
import type { Activity, ActivityListener, Broker, ControlEvent } from '@chorus/broker';
import type { AccessList } from '@chorus/control';
import type { ReadNoticeFrame } from '@chorus/protocol';
import { UnavailableError } from '@chorus/redis';
import type { Logger } from '@chorus/service';
import { InboxDelivery } from './inbox-delivery.js';
import { RoomNews } from './room-news.js';
import { type InboxSocket, type WatchingUser, WatchingUsers } from './watching-users.js';

export interface InboxesParts {
  readonly broker: Pick<Broker, 'watchActivity'>;
  readonly access: Pick<AccessList, 'roomsOf'>;
  /** Shortest time between two frames with news, in milliseconds. */
  readonly intervalMs: number;
  /** Rooms that a user may watch. */
  readonly maxRooms: number;
  /** Bytes that may wait for a socket that gets news. */
  readonly maxQueuedBytes: number;
  readonly log: Logger;
}

/** Figures for metrics. Totals count from the start of the process. */
export interface InboxStats {
  /** Sockets that watch. */
  readonly sockets: number;
  /** Rooms with watching members. */
  readonly rooms: number;
  /** News that have arrived. */
  readonly activities: number;
  readonly frames: number;
  /** Sockets whose watch ended: because news may be missing, or because they read too slowly. */
  readonly resets: Readonly<Record<'missed' | 'slow', number>>;
}

/** The user is a member of more rooms than one may watch. */
export class TooManyInboxRoomsError extends Error {
  override name = 'TooManyInboxRoomsError';
}

/** Change of a user's rooms that may have happened after they were read. */
type RoomChange = readonly [roomId: number, isMember: boolean];

/** Rooms of a user that are being read. */
interface RoomsRead {
  readonly sockets: Set<InboxSocket>;
  readonly changes: RoomChange[];
  readonly done: Promise<void>;
  /** Whether changes may have been missed. */
  isVoid: boolean;
}

/** Time for which sending may keep the event loop, in milliseconds. */
const SLICE_MS = 5;
/** Sockets that are reset before the event loop continues. */
const RESETS_AT_ONCE = 200;

/**
 * The inboxes that sockets of this node watch. Gathers the news of all rooms from the broker, and sends each watching socket those of
 * the rooms of its user: at most once per interval.
 *
 * Rooms of users are read once, when a watch begins, and kept up to date by the news themselves, which have the order of the
 * entries: a removed user gets no news behind the removal. When news may be missing, all watches end.
 */
export class Inboxes implements ActivityListener {
  #activities = 0;
  #missed = 0;
  readonly #parts: InboxesParts;
  readonly #users = new WatchingUsers();
  readonly #delivery: InboxDelivery;
  readonly #reads = new Map<number, RoomsRead>();
  #news = new Map<number, RoomNews>();
  /** Users whose rooms have changed. */
  #changed = new Set<WatchingUser>();
  #timer: NodeJS.Timeout | undefined;
  #sending = false;
  /** Time before which nothing is sent, in milliseconds of `performance.now()`. */
  #notBefore = 0;
  #closed = false;

  constructor(parts: InboxesParts) {
    this.#parts = parts;
    const { maxQueuedBytes } = parts;
    this.#delivery = new InboxDelivery({
      maxQueuedBytes,
      onSlow: (socket) => void this.#users.detach(socket),
    });
  }

  get stats(): InboxStats {
    const { sockets, rooms } = this.#users;
    const { frames, slow } = this.#delivery;
    return { sockets, rooms, frames, activities: this.#activities, resets: { missed: this.#missed, slow } };
  }

  /**
   * Watches the inbox of the socket's user, and answers the socket. A socket that watches already begins again.
   * @throws {UnavailableError} also while the memberships are not complete
   * @throws {TooManyInboxRoomsError}
   */
  async watch(socket: InboxSocket): Promise<void> {
    this.leave(socket);
    await this.#parts.broker.watchActivity();
    if (!socket.open) return;
    const userId = socket.user.id;
    const user = this.#users.get(userId);
    // Kept up to date: as good as read again.
    if (user !== undefined) return this.#attach(user, socket);
    const read = this.#reads.get(userId) ?? this.#read(userId);
    read.sockets.add(socket);
    await read.done;
  }

  /** Ends the watch of a socket that has closed. */
  leave(socket: InboxSocket): void {
    this.#users.detach(socket);
    this.#reads.get(socket.user.id)?.sockets.delete(socket);
    this.#delivery.forget(socket);
  }

  /** The queue of a socket became shorter. */
  drained(socket: InboxSocket): void {
    this.#delivery.drained(socket);
  }

  onActivity(activity: Activity): void {
    this.#activities++;
    switch (activity.kind) {
      case 'messages':
      case 'deleted':
        this.#gather(activity);
        break;
      case 'added':
      case 'removed':
        this.#changeRoom(activity.userId, activity.roomId, activity.kind === 'added');
        break;
      case 'read':
        this.#sendRead(activity);
        break;
      default:
        activity satisfies never;
    }
  }

  /** Ends all watches: among the missing news may be the removal of a member. */
  onActivityMissed(): void {
    for (const read of this.#reads.values()) read.isVoid = true;
    this.#news.clear();
    this.#changed.clear();
    const sockets = this.#users.clear();
    this.#missed += sockets.length;
    if (sockets.length === 0) return;
    this.#parts.log.warn(
      { sockets: sockets.length },
      'news of rooms may be missing: inboxes are watched again',
    );
    void this.#resetAll(sockets);
  }

  control(event: ControlEvent): void {
    if (event.type === 'user-banned' && event.roomId !== undefined) {
      this.#changeRoom(event.userId, event.roomId, false);
    } else if (event.type === 'room-deleted') {
      this.#news.delete(event.roomId);
      for (const { changes } of this.#reads.values()) changes.push([event.roomId, false]);
      const members: WatchingUser[] = [];
      this.#users.forEachMember(event.roomId, (user) => members.push(user));
      for (const user of members) this.#changeRoom(user.id, event.roomId, false);
    }
  }

  close(): void {
    this.#closed = true;
    clearTimeout(this.#timer);
  }

  /** Reads the rooms of a user, for all sockets of the user that ask meanwhile. */
  #read(userId: number): RoomsRead {
    const begin = async (): Promise<void> => {
      try {
        const rooms = new Set(await this.#parts.access.roomsOf(userId));
        if (read.isVoid) throw new UnavailableError('news of rooms may be missing');
        for (const [roomId, isMember] of read.changes) {
          if (isMember) rooms.add(roomId);
          else rooms.delete(roomId);
        }
        if (rooms.size > this.#parts.maxRooms) throw new TooManyInboxRoomsError(`${rooms.size} rooms`);
        if (read.sockets.size === 0) return;
        const user = this.#users.begin(userId, rooms);
        for (const socket of read.sockets) this.#attach(user, socket);
      } finally {
        this.#reads.delete(userId);
      }
    };
    const read: RoomsRead = {
      sockets: new Set(),
      changes: [],
      isVoid: false,
      done: Promise.resolve().then(begin),
    };
    this.#reads.set(userId, read);
    return read;
  }

  #attach(user: WatchingUser, socket: InboxSocket): void {
    this.#users.attach(user, socket);
    socket.send(JSON.stringify({ type: 'inbox-watched', rooms: this.#users.countRooms(user) }));
  }

  #gather(activity: Extract<Activity, { kind: 'messages' | 'deleted' }>): void {
    const { roomId } = activity;
    if (!this.#users.isWatched(roomId)) return;
    let news = this.#news.get(roomId);
    if (news === undefined) {
      news = new RoomNews(roomId);
      this.#news.set(roomId, news);
    }
    news.add(activity);
    this.#sendSoon();
  }

  #changeRoom(userId: number, roomId: number, isMember: boolean): void {
    this.#reads.get(userId)?.changes.push([roomId, isMember]);
    const user = this.#users.get(userId);
    if (user === undefined) return;
    const differs = isMember ? this.#users.addRoom(user, roomId) : this.#users.removeRoom(user, roomId);
    if (!differs) return;
    user.changes ??= new Map();
    user.changes.set(roomId, isMember ? 'added' : 'removed');
    this.#changed.add(user);
    this.#sendSoon();
  }

  #sendRead({ roomId, userId, epoch, seq, n, unread }: Extract<Activity, { kind: 'read' }>): void {
    const user = this.#users.get(userId);
    if (user === undefined) return;
    const about = { ...(n === undefined ? {} : { n }), ...(unread ? { unread } : {}) };
    const frame: ReadNoticeFrame = { type: 'read', roomId, userId, epoch, seq, ...about };
    const json = JSON.stringify(frame);
    for (const socket of user.sockets) this.#delivery.send(socket, json);
  }

  /** News of one tick share a frame, and after a frame those of an interval. */
  #sendSoon(): void {
    if (this.#timer !== undefined || this.#sending || this.#closed) return;
    this.#timer = setTimeout(
      () => {
        this.#timer = undefined;
        void this.#send();
      },
      Math.max(0, this.#notBefore - performance.now()),
    );
  }

  async #send(): Promise<void> {
    this.#sending = true;
    const slice = { endsAt: performance.now() + SLICE_MS };
    const users = this.#changed;
    const news = this.#news;
    this.#changed = new Set();
    this.#news = new Map();
    for (const room of news.values()) {
      this.#users.forEachMember(room.roomId, (user) => {
        if (user.news === undefined) {
          user.news = [];
          users.add(user);
        }
        user.news.push(room.for(user.id));
      });
      await endOf(slice);
    }
    for (const user of users) {
      this.#delivery.sendNews(user);
      await endOf(slice);
    }
    this.#sending = false;
    this.#notBefore = performance.now() + this.#parts.intervalMs;
    if (this.#news.size > 0 || this.#changed.size > 0) this.#sendSoon();
  }

  async #resetAll(sockets: readonly InboxSocket[]): Promise<void> {
    for (const [at, socket] of sockets.entries()) {
      if (at > 0 && at % RESETS_AT_ONCE === 0) await nextTick();
      this.#delivery.reset(socket);
    }
  }
}

/** Lets the event loop continue when a slice of time is over. */
async function endOf(slice: { endsAt: number }): Promise<void> {
  if (performance.now() < slice.endsAt) return;
  await nextTick();
  slice.endsAt = performance.now() + SLICE_MS;
}
