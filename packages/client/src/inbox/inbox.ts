import { isAfter, type Position } from '@chorus/protocol/constants';
import type { V1ServerFrame } from '@chorus/protocol/types';
import type { ChorusClient } from '../chorus-client.js';
import { ChorusError } from '../chorus-error.js';
import type { ClientInternals } from '../client-internals.js';
import { Emitter } from '../emitter.js';
import type { InboxRoom } from '../http/api-types.js';
import { NOWHERE, placeOf } from '../places.js';
import type { ConnectionState } from '../types.js';
import { type AwaitedAnswer, type InboxEntry, type RoomNotice, TrackedRoom } from './entry.js';
import type { InboxEvents, InboxOptions } from './inbox-options.js';
import { ReadMarks } from './read-marks.js';
import { InboxReader } from './reader.js';

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
  /** By id, latest activity last. */
  #rooms = new Map<number, TrackedRoom>();
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
    const host = client.internals;
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
    const onState = ({ status }: ConnectionState): void => {
      if (status === 'connected') this.#watch();
      else this.#down();
    };
    host.taps.add(tap);
    const offState = client.on('state', onState);
    this.#off = () => {
      host.taps.delete(tap);
      offState();
    };
    onState(client.state);
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
    const room = this.#rooms.get(roomId);
    const known = room?.entry.position;
    const position = upTo ?? known;
    if (!position) return;
    this.#marks.add(roomId, position);
    if (!room || (known && isAfter(known, position))) return;
    room.read({ roomId, ...position });
    this.#changed();
  }

  /** Marks a message and all later ones as unread. */
  markUnread(roomId: number, from: Position): void {
    this.#marks.add(roomId, placeOf(from, -1), true);
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
        this.#reader.spread(() => this.#watch());
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
        if (this.#rooms.get(frame.roomId)?.live(frame)) this.#changed();
    }
  }

  #refused({ request, roomId, code, error, retry }: Extract<V1ServerFrame, { type: 'error' }>): void {
    if (request === 'read' && roomId !== undefined) {
      this.#marks.refused(roomId, retry);
      if (!retry) this.#await(roomId, true);
    } else if (request === 'watch-inbox') {
      if (retry) this.#reader.spread(() => this.#watch());
      else this.#failed(new ChorusError(code, error));
    } else if (this.#asked && code === 'bad_frame' && roomId === undefined) {
      // A gateway of the version before: the inbox is as of each reconnect.
      this.#restart();
    }
  }

  #about(frame: RoomNotice): void {
    const id = frame.roomId;
    this.#awaited.get(id)?.frames.push(frame);
    const room = this.#rooms.get(id);
    if (!room || !this.#confirmed.has(id)) {
      // Its page may come. Otherwise the room is read after the last page.
      this.#await(id, false, [frame]);
    } else if (!('messages' in frame)) {
      if (!room.read(frame)) this.#await(id, true);
    } else {
      const { n } = room;
      const { unread } = room.entry;
      if (!room.news(frame)) this.#await(id, false);
      if (room.n > n) {
        this.#put(room, true);
        if (room.outdated && this.#lastMessages(room.entry)) this.#await(id, false);
      }
      if (room.entry.unread > unread) this.#events.emit('unread', room.entry);
    }
  }

  /** Reads a room. @param frames about it that arrived before */
  #await(id: number, atOnce: boolean, frames: RoomNotice[] = []): void {
    if (!this.#awaited.has(id)) {
      const since = this.#confirmed.has(id) ? this.#rooms.get(id)?.entry.position : undefined;
      this.#awaited.set(id, { since, frames });
    }
    if (this.#complete) this.#reader.read(id, atOnce);
  }

  #page(answers: readonly InboxRoom[], isLast: boolean): void {
    const isRead = (id: number): boolean => this.#confirmed.has(id);
    // Those that were read before have moved up meanwhile.
    const page = answers.filter(({ room }) => !isRead(room.id)).map((answer) => this.#tracked(answer));
    for (const { id } of page) this.#rooms.delete(id);
    const others = [...this.#rooms.values()];
    const older = others.filter(({ id }) => !isRead(id) && (!isLast || this.#awaited.has(id)));
    const newer = others.filter(({ id }) => isRead(id));
    this.#rooms = new Map([...older, ...page.reverse(), ...newer].map((room) => [room.id, room]));
    for (const { id } of page) this.#confirm(id);
    if (isLast) {
      this.#complete = true;
      for (const id of this.#awaited.keys()) this.#reader.read(id, true);
    }
    this.#changed();
  }

  #room(roomId: number, answer: InboxRoom | undefined): void {
    if (!answer) this.#remove(roomId);
    else {
      const room = this.#tracked(answer);
      const { position = NOWHERE } = room.entry;
      if (isAfter(this.#awaited.get(roomId)?.since ?? NOWHERE, position)) {
        // The answer is older than frames that were applied before the room was awaited.
        this.#reader.read(roomId, false);
        return;
      }
      const before = this.#rooms.get(roomId);
      this.#put(room, !before || room.n > before.n);
      this.#confirm(roomId);
    }
    this.#changed();
  }

  /** Puts a room first, or in the place of the one with its id. */
  #put(room: TrackedRoom, first: boolean): void {
    if (first) this.#rooms.delete(room.id);
    this.#rooms.set(room.id, room);
  }

  #tracked(answer: InboxRoom): TrackedRoom {
    const room = new TrackedRoom(answer);
    const lastMessage = this.#rooms.get(room.id)?.entry.lastMessage;
    // A joined room may have delivered it after the API had read.
    if (lastMessage && isAfter(lastMessage, room.entry.lastMessage ?? NOWHERE)) room.change({ lastMessage });
    return room;
  }

  /** An answer has arrived: applies what has arrived since it was awaited. */
  #confirm(id: number): void {
    const awaited = this.#awaited.get(id);
    this.#awaited.delete(id);
    this.#confirmed.add(id);
    for (const frame of awaited?.frames ?? []) this.#about(frame);
  }

  #remove(id: number): void {
    this.#reader.removed(id);
    this.#awaited.delete(id);
    this.#rooms.delete(id);
  }

  #failed(error: ChorusError): void {
    this.#error = error;
    this.#changed();
  }

  #changed(): void {
    this.#entries = [...this.#rooms.values()].map(({ entry }) => entry).reverse();
    this.#events.emit('change', undefined);
  }
}

function isDirect({ room }: InboxEntry): boolean {
  return room.kind === 'direct';
}
