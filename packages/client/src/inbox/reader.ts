import { asChorusError, type ChorusError } from '../chorus-error.js';
import type { ClientInternals } from '../client-internals.js';
import type { ApiRequester, InboxPage, InboxRoom } from '../http/api-types.js';
import { listInbox } from '../http/inbox.js';
import { Pending } from '../pending.js';

export interface ReaderOptions {
  readonly api: ApiRequester;
  readonly host: ClientInternals;
  /** Rooms of one page, by latest activity. */
  onPage(rooms: readonly InboxRoom[], isLast: boolean): void;
  /** @param room undefined if the user is not a member any more */
  onRoom(roomId: number, room: InboxRoom | undefined): void;
  onError(error: ChorusError): void;
}

/** Largest page of the API. */
const PAGE = 100;
/** Many clients spread their requests over this time, in milliseconds. */
const SPREAD_MS = 3_000;

/** Reads the inbox: one request at a time, all pages first, then single rooms. Repeats what failed for a time. */
export class InboxReader {
  readonly pending: Pending;
  readonly #options: ReaderOptions;
  /** Value for the next page; undefined for the first; null if all pages were read. */
  #cursor: string | undefined | null = null;
  /** Rooms to read as soon as possible. */
  readonly #due = new Set<number>();
  /** Rooms to read after a random time. */
  readonly #later = new Set<number>();
  /** Rooms that were removed while a request was in progress: its answer may be older. */
  readonly #removed = new Set<number>();
  #busy = false;

  constructor(options: ReaderOptions) {
    this.#options = options;
    this.pending = new Pending(options.host);
  }

  /** Reads all pages. */
  start(): void {
    this.stop();
    this.#cursor = undefined;
    this.#work();
  }

  /** Answers that are on their way are ignored. */
  stop(): void {
    this.pending.cancelAll();
    this.pending.failures = 0;
    this.#busy = false;
    this.#cursor = null;
    this.#due.clear();
    this.#later.clear();
  }

  /** Runs the action after a random time, because many clients learn at the same moment that they must read. */
  spread(action: () => void): void {
    this.pending.after(this.#options.host.random() * SPREAD_MS, action);
  }

  /** Reads a room, at once or after a random time. */
  read(roomId: number, atOnce: boolean): void {
    if (atOnce) {
      this.#due.add(roomId);
      this.#work();
    } else if (!this.#later.has(roomId)) {
      this.#later.add(roomId);
      this.spread(() => {
        if (this.#later.delete(roomId)) this.read(roomId, true);
      });
    }
  }

  removed(roomId: number): void {
    this.#due.delete(roomId);
    this.#later.delete(roomId);
    this.#removed.add(roomId);
  }

  async #work(): Promise<void> {
    if (this.#busy) return;
    this.#busy = true;
    const { api, onPage, onRoom, onError } = this.#options;
    const wanted = this.pending.wanted();
    try {
      while (wanted()) {
        const cursor = this.#cursor;
        const [roomId] = this.#due;
        this.#removed.clear();
        if (cursor === null) {
          if (roomId === undefined) break;
          // It may become due again while the request is in progress.
          this.#due.delete(roomId);
        }
        const query = cursor === null ? { roomId } : { cursor, limit: PAGE };
        const { rooms, next } = await this.pending.untilAnswered(() =>
          listInbox(api, query).catch((error): InboxPage => {
            if (cursor === null && asChorusError(error).status === 404) return { rooms: [], next: null };
            throw error;
          }),
        );
        if (!wanted()) return;
        const isRemoved = (id: number): boolean => this.#removed.has(id);
        if (cursor !== null) {
          this.#cursor = next;
          onPage(
            rooms.filter(({ room }) => !isRemoved(room.id)),
            next === null,
          );
        } else if (roomId !== undefined && !isRemoved(roomId)) onRoom(roomId, rooms[0]);
      }
      if (wanted()) this.#busy = false;
    } catch (cause) {
      this.stop();
      onError(asChorusError(cause));
    }
  }
}
