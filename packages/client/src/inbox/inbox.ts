import { isAfter, type Position } from '@chorus/protocol/constants';
import type { V1ServerFrame } from '@chorus/protocol/types';
import type { ChorusClient } from '../chorus-client.js';
import { ChorusError } from '../chorus-error.js';
import { type ClientInternals, internalsOf } from '../client-internals.js';
import { Emitter } from '../emitter.js';
import type { InboxRoom } from '../http/api-types.js';
import { NOWHERE } from '../places.js';
import { type InboxEntry, type ReadNotice, type RoomNews, TrackedRoom } from './entry.js';
import type { InboxEvents, InboxOptions } from './inbox-options.js';
import { ReadMarks } from './read-marks.js';
import { InboxReader, SPREAD_MS } from './reader.js';
import { RoomList } from './room-list.js';

type RoomFrame = RoomNews | ReadNotice;

interface AwaitedAnswer {
  /** Position up to which frames were applied before. */
  readonly since: Position | undefined;
  readonly frames: RoomFrame[];
}

/**
 * The rooms of which the user is a member, by latest activity, with unread messages and mentions: kept current without joining the rooms,
 * over reconnects, and equal on all devices of the user.
 *
 * @example
 * const inbox = new Inbox(client);
 * inbox.subscribe(() => render(inbox.entries));
 * inbox.markRead(roomId);
 */
export class Inbox {
  readonly #events = new Emitter<InboxEvents>();
  readonly #host: ClientInternals;
  readonly #lastMessages: (entry: InboxEntry) => boolean;
  readonly #reader: InboxReader;
  readonly #marks: ReadMarks;
  readonly #off: () => void;
  readonly #list = new RoomList();
  /** Rooms of the current reading of all pages. */
  readonly #confirmed = new Set<number>();
  /** Frames about rooms of which an answer is awaited: they are applied to it, unless it has counted them already. */
  readonly #awaited = new Map<number, AwaitedAnswer>();
  #entries: readonly InboxEntry[] = [];
  #complete = false;
  #error: ChorusError | undefined;
  /** A watch was requested and is not answered yet. */
  #asked = false;

  constructor(client: ChorusClient, { lastMessages = isDirect }: InboxOptions = {}) {
    const host = internalsOf(client);
    this.#host = host;
    this.#lastMessages = lastMessages;
    this.#reader = new InboxReader({
      ...{ api: client, host },
      onPage: (rooms, isLast) => this.#page(rooms, isLast),
      onRoom: (roomId, room) => this.#room(roomId, room),
      onError: (error) => this.#failed(error),
    });
    this.#marks = new ReadMarks(host);
    const tap = (frame: V1ServerFrame): void => this.#received(frame);
    host.taps.add(tap);
    const offState = client.on('state', ({ status }) => {
      if (status === 'connected') this.#watch();
      else this.#down();
    });
    this.#off = () => {
      host.taps.delete(tap);
      offState();
    };
    if (client.state.status === 'connected') this.#watch();
  }

  /** Newest activity first. Each change makes a new array; entries that did not change are the same objects. */
  get entries(): readonly InboxEntry[] {
    return this.#entries;
  }

  /** Whether all rooms were read since the last reconnect. Until then entries may be missing or older. */
  get complete(): boolean {
    return this.#complete;
  }

  /** Why the inbox cannot be read, until the next reconnect; `route_not_found` with servers of the version before. */
  get error(): ChorusError | undefined {
    return this.#error;
  }

  /** @returns a function that removes the listener */
  on<Type extends keyof InboxEvents>(type: Type, listener: (event: InboxEvents[Type]) => void): () => void {
    return this.#events.on(type, listener);
  }

  /**
   * Calls `listener` after each change. A function of its own, so that frameworks can be given it:
   * `useSyncExternalStore(inbox.subscribe, () => inbox.entries)`.
   * @returns a function that removes the listener
   */
  readonly subscribe = (listener: () => void): (() => void) => this.on('change', listener);

  /**
   * Marks messages of a room as read, also after a reconnect. Never moves backwards.
   * @param upTo the last message read, or its position. Default: all that the inbox knows
   */
  markRead(roomId: number, upTo?: Position): void {
    const room = this.#list.find(roomId);
    const position = upTo ?? room?.entry.position;
    if (position === undefined) return;
    this.#marks.add(roomId, position);
    if (room === undefined || (room.entry.position && isAfter(room.entry.position, position))) return;
    room.read({ roomId, ...position });
    this.#changed();
  }

  /** Marks a message and all later ones as unread. */
  markUnread(roomId: number, from: Position): void {
    this.#marks.add(roomId, { epoch: from.epoch, seq: from.seq - 1 }, true);
  }

  /** Reads a room again, with its last message. */
  refresh(roomId: number): void {
    this.#await(roomId, true);
  }

  /** Ends the updates. The entries stay as they are. */
  close(): void {
    this.#off();
    this.#down();
  }

  #watch(): void {
    this.#asked = true;
    this.#host.send(() => ({ type: 'watch-inbox' }), true);
  }

  #down(): void {
    this.#asked = this.#complete = false;
    this.#reader.stop();
    this.#marks.interrupted();
  }

  /** Reads everything: from here on frames arrive, if the gateway sends them. */
  #restart(): void {
    this.#asked = this.#complete = false;
    this.#error = undefined;
    this.#confirmed.clear();
    this.#awaited.clear();
    this.#reader.start();
  }

  #received(frame: V1ServerFrame): void {
    switch (frame.type) {
      case 'inbox-watched':
        this.#restart();
        this.#marks.start();
        break;
      case 'inbox':
        for (const news of frame.rooms) this.#about(news);
        this.#changed();
        break;
      case 'inbox-rooms':
        for (const id of frame.removed) this.#remove(id);
        for (const id of frame.added) this.#await(id, true);
        this.#changed();
        break;
      case 'inbox-reset':
        this.#down();
        this.#reader.timers.after(this.#host.random() * SPREAD_MS, () => this.#watch());
        break;
      case 'read':
        if (frame.userId !== this.#host.user?.id) break;
        this.#marks.answered(frame.roomId);
        this.#about(frame);
        this.#changed();
        break;
      case 'error':
        this.#refused(frame);
        break;
      case 'message':
      case 'change':
      case 'room-renamed':
        if (this.#list.find(frame.roomId)?.live(frame)) this.#changed();
    }
  }

  #refused({ request, roomId, code, error, retry }: Extract<V1ServerFrame, { type: 'error' }>): void {
    if (request === 'read' && roomId !== undefined) {
      this.#marks.refused(roomId, retry);
      if (!retry) this.#await(roomId, true);
    } else if (request === 'watch-inbox') {
      if (retry) this.#reader.timers.after(this.#host.random() * SPREAD_MS, () => this.#watch());
      else this.#failed(new ChorusError(code, error));
    } else if (this.#asked && code === 'bad_frame' && roomId === undefined) {
      // A gateway of the version before: the inbox is as of each reconnect.
      this.#restart();
    }
  }

  #about(frame: RoomFrame): void {
    const id = frame.roomId;
    this.#awaited.get(id)?.frames.push(frame);
    const room = this.#list.find(id);
    if (room === undefined || !this.#confirmed.has(id)) {
      // Its page may come. Otherwise the room is read after the last page.
      if (!this.#awaited.has(id)) this.#awaited.set(id, { since: undefined, frames: [frame] });
      if (this.#complete) this.#reader.read(id, false);
      return;
    }
    if (!('messages' in frame)) {
      if (!room.read(frame)) this.#await(id, true);
      return;
    }
    const {
      n,
      entry: { unread },
    } = room;
    if (!room.news(frame)) this.#await(id, false);
    if (room.n > n) {
      this.#list.put(room, true);
      if (room.outdated && this.#lastMessages(room.entry)) this.#await(id, false);
    }
    if (room.entry.unread > unread) this.#events.emit('unread', room.entry);
  }

  #await(id: number, atOnce: boolean): void {
    if (!this.#awaited.has(id)) {
      this.#awaited.set(id, { since: this.#list.find(id)?.entry.position, frames: [] });
    }
    if (this.#complete) this.#reader.read(id, atOnce);
  }

  #page(answers: readonly InboxRoom[], isLast: boolean): void {
    // Those that were read before have moved up meanwhile.
    const rooms = answers
      .filter(({ room }) => !this.#confirmed.has(room.id))
      .map((answer) => this.#tracked(answer));
    this.#list.add(rooms, ({ id }) => this.#confirmed.has(id));
    for (const { id } of rooms) this.#confirm(id);
    if (isLast) {
      this.#complete = true;
      this.#list.keep(({ id }) => this.#confirmed.has(id) || this.#awaited.has(id));
      for (const id of this.#awaited.keys()) this.#reader.read(id, true);
    }
    this.#changed();
  }

  #room(roomId: number, answer: InboxRoom | undefined): void {
    if (answer === undefined) this.#remove(roomId);
    else {
      const before = this.#list.find(roomId);
      const room = this.#tracked(answer);
      const since = this.#awaited.get(roomId)?.since;
      if (since !== undefined && (room.entry.position === undefined || isAfter(since, room.entry.position))) {
        // The answer is older than frames that were applied before the room was awaited.
        this.#reader.read(roomId, false);
        return;
      }
      this.#list.put(room, before === undefined || answer.n > before.n);
      this.#confirm(roomId);
    }
    this.#changed();
  }

  #tracked(answer: InboxRoom): TrackedRoom {
    const room = new TrackedRoom(answer);
    const { lastMessage } = this.#list.find(room.id)?.entry ?? room.entry;
    // A joined room may have delivered it after the API had read.
    if (lastMessage !== null && isAfter(lastMessage, room.entry.lastMessage ?? NOWHERE))
      room.change({ lastMessage });
    return room;
  }

  /** An answer has arrived: applies what has arrived since it was awaited. */
  #confirm(id: number): void {
    const { frames = [] } = this.#awaited.get(id) ?? {};
    this.#awaited.delete(id);
    this.#confirmed.add(id);
    for (const frame of frames) this.#about(frame);
  }

  #remove(id: number): void {
    this.#reader.removed(id);
    this.#awaited.delete(id);
    this.#list.keep((room) => room.id !== id);
  }

  #failed(error: ChorusError): void {
    this.#error = error;
    this.#changed();
  }

  #changed(): void {
    this.#entries = this.#list.rooms.map(({ entry }) => entry);
    this.#events.emit('change', undefined);
  }
}

function isDirect({ room }: InboxEntry): boolean {
  return room.kind === 'direct';
}
