import { asChorusError, type ChorusError } from '../chorus-error.js';
import type { ClientInternals } from '../client-internals.js';
import { fullJitter } from '../connection/backoff.js';
import type { ApiRequester, InboxPage, InboxRoom } from '../http/api-types.js';
import { listInbox } from '../http/inbox.js';
import { Timers } from '../room/timers.js';

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
/** Many clients learn at the same moment that they must read: they spread their requests over this time, in milliseconds. */
export const SPREAD_MS = 3_000;

/** Reads the inbox: one request at a time, all pages first, then single rooms. Repeats what failed for a time. */
export class InboxReader {
  readonly timers = new Timers();
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
  #failures = 0;
  /** Increases when answers become irrelevant. */
  #generation = 0;

  constructor(options: ReaderOptions) {
    this.#options = options;
  }

  /** Reads all pages. */
  start(): void {
    this.stop();
    this.#cursor = undefined;
    this.#work();
  }

  /** Answers that are on their way are ignored. */
  stop(): void {
    this.#generation++;
    this.#busy = false;
    this.#failures = 0;
    this.#cursor = null;
    this.#due.clear();
    this.#later.clear();
    this.timers.end();
  }

  /** Reads a room, at once or together with others after a random time. */
  read(roomId: number, atOnce: boolean): void {
    if (atOnce) {
      this.#due.add(roomId);
      this.#work();
    } else if (!this.#later.has(roomId)) {
      this.#later.add(roomId);
      this.timers.after(this.#options.host.random() * SPREAD_MS, () => {
        for (const id of this.#later) this.#due.add(id);
        this.#later.clear();
        this.#work();
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
    const generation = this.#generation;
    const { host, onError } = this.#options;
    try {
      while (await this.#step(() => generation === this.#generation)) this.#failures = 0;
    } catch (cause) {
      if (generation !== this.#generation) return;
      const error = asChorusError(cause);
      if (error.retry) {
        const wait = (error.retryAfterMs ?? 0) + fullJitter(this.#failures++, host.backoff, host.random);
        this.timers.after(wait, () => {
          this.#busy = false;
          this.#work();
        });
      } else {
        this.stop();
        onError(error);
      }
    }
  }

  /** Sends one request. @returns whether there may be more to do */
  async #step(wanted: () => boolean): Promise<boolean> {
    const { api, onPage, onRoom } = this.#options;
    const cursor = this.#cursor;
    const [roomId] = this.#due;
    this.#removed.clear();
    if (cursor !== null) {
      const { rooms, next } = await listInbox(api, { cursor, limit: PAGE });
      if (!wanted()) return false;
      this.#cursor = next;
      onPage(
        rooms.filter(({ room }) => !this.#removed.has(room.id)),
        next === null,
      );
      return true;
    }
    if (roomId === undefined) {
      // At once: a room that becomes due before the caller continues must not wait.
      this.#busy = false;
      return false;
    }
    // It may become due again while the request is in progress.
    this.#due.delete(roomId);
    const page = await listInbox(api, { roomId }).catch((error: unknown): InboxPage => {
      if (asChorusError(error).status === 404) return { rooms: [], next: null };
      if (wanted()) this.#due.add(roomId);
      throw error;
    });
    if (!wanted()) return false;
    if (!this.#removed.has(roomId)) onRoom(roomId, page.rooms[0]);
    return true;
  }
}
