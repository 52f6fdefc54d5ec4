import {
  type ChorusApi,
  ChorusError,
  type InboxEntry,
  type ListedRoom,
  type NewRoom,
  type RoomInfo,
  type RoomSettings,
  type RoomsChange,
} from '@chorus/client';
import { batch, computed, signal } from '@preact/signals';

/** Rooms per request. */
const PAGE = 100;
/** Number of pages that a refresh reads. */
const MOST_PAGES_AGAIN = 5;

export type RoomsApi = Pick<ChorusApi, 'rooms' | 'room' | 'createRoom' | 'changeRoom' | 'deleteRoom'>;

/** `complete`: all rooms have been read; `partial`: more can be read. */
export type RoomListState = 'loading' | 'partial' | 'complete' | 'failed';

/** A room as far as it is known: changes of the list have its name and its creator only. */
export type KnownRoom = ListedRoom & Partial<RoomInfo>;

/** The rooms that were read from the list, and those that were requested individually. */
export class RoomList {
  readonly state = signal<RoomListState>('loading');
  readonly rooms = signal<ReadonlyMap<number, KnownRoom>>(new Map());
  readonly filter = signal('');
  /** Rooms that match the filter, by name. */
  readonly found = computed(() => {
    const wanted = plain(this.filter.value);
    return [...this.rooms.value.values()]
      .filter(({ name }) => plain(name).includes(wanted))
      .sort((a, b) => a.name.localeCompare(b.name) || a.id - b.id);
  });
  readonly #api: RoomsApi;
  readonly #mine = new Map<number, RoomInfo>();
  #next: number | null | undefined;
  #pages = 0;
  #reading: Promise<void> | undefined;

  constructor(api: RoomsApi) {
    this.#api = api;
  }

  /** Reads the next page; concurrent calls share one request. */
  more(): Promise<void> {
    this.#reading ??= this.#readPage().finally(() => {
      this.#reading = undefined;
    });
    return this.#reading;
  }

  /** Reads all pages, as long as `wanted` returns true. */
  async all(wanted: () => boolean): Promise<void> {
    while (wanted() && this.state.value !== 'complete') {
      await this.more();
      if (this.state.value === 'failed') return;
    }
  }

  /** Reads the known pages again, for new, renamed and deleted rooms. A failure changes nothing. */
  async refresh(): Promise<void> {
    if (this.state.value === 'failed' || this.#pages === 0) return this.more();
    if (this.#pages > MOST_PAGES_AGAIN || this.#reading !== undefined) return;
    const rooms = new Map<number, KnownRoom>();
    let next: number | null | undefined;
    let pages = 0;
    try {
      do {
        const page = await this.#api.rooms({ limit: PAGE, ...(next == null ? {} : { cursor: next }) });
        for (const room of page.rooms) rooms.set(room.id, room);
        next = page.nextCursor;
        pages += 1;
      } while (next !== null && (pages < this.#pages || this.state.value === 'complete'));
    } catch {
      return;
    }
    this.#pages = pages;
    this.#next = next;
    // Rooms behind the pages that were read: the gateway sent them, or they were opened.
    if (next !== null && next !== undefined)
      for (const room of this.rooms.value.values()) if (room.id > next) rooms.set(room.id, room);
    batch(() => {
      if (!sameRooms(rooms, this.rooms.value)) this.rooms.value = rooms;
      this.state.value = next === null ? 'complete' : 'partial';
    });
  }

  /** Ensures that a room opened by its address is known, with its current name. */
  async look(roomId: number): Promise<void> {
    try {
      this.#put(await this.#api.room(roomId));
    } catch (error) {
      if (error instanceof ChorusError && error.status === 404) this.forget(roomId);
    }
  }

  /** @throws {ChorusError} (rejects) */
  async create(input: NewRoom): Promise<RoomInfo> {
    const room = await this.#api.createRoom(input);
    this.#put(room);
    return room;
  }

  /** Changes the name, the topic or the slow mode of a room. @throws {ChorusError} (rejects) */
  async change(roomId: number, settings: RoomSettings): Promise<void> {
    this.#put(await this.#api.changeRoom(roomId, settings));
  }

  /** @throws {ChorusError} (rejects) */
  async delete(roomId: number): Promise<void> {
    await this.#api.deleteRoom(roomId);
    this.forget(roomId);
  }

  /** Applies changes that the gateway sent. */
  changed({ rooms, gone }: RoomsChange): void {
    batch(() => {
      for (const room of rooms) this.#put(room);
      for (const roomId of gone) this.forget(roomId);
    });
  }

  /** Notes a room that is new to this page. */
  note(room: RoomInfo): void {
    this.#put(room);
  }

  /**
   * Notes the rooms of which the user is a member. Rooms that are read again are new objects.
   * @param isComplete whether there are no others
   */
  noteMine(entries: readonly InboxEntry[], isComplete: boolean): void {
    batch(() => {
      const ids = new Set(entries.map(({ room }) => room.id));
      for (const { room, role } of entries) {
        if (this.#mine.get(room.id) === room) continue;
        this.#mine.set(room.id, room);
        this.#put({ ...room, role });
      }
      for (const [id, { kind }] of this.#mine) {
        if (!isComplete || ids.has(id)) continue;
        this.#mine.delete(id);
        if (kind === 'public') this.update(id, { role: null });
        else this.forget(id);
      }
    });
  }

  /** Notes what has changed of a room. */
  update(roomId: number, changes: Partial<RoomInfo>): void {
    const room = this.rooms.peek().get(roomId);
    if (room !== undefined) this.#put({ ...room, ...changes });
  }

  /** Removes a deleted room. */
  forget(roomId: number): void {
    if (!this.rooms.peek().has(roomId)) return;
    const rooms = new Map(this.rooms.peek());
    rooms.delete(roomId);
    this.rooms.value = rooms;
  }

  async #readPage(): Promise<void> {
    if (this.#next === null) return;
    this.state.value = 'loading';
    try {
      const cursor = this.#next;
      const page = await this.#api.rooms({ limit: PAGE, ...(cursor === undefined ? {} : { cursor }) });
      this.#next = page.nextCursor;
      this.#pages += 1;
      batch(() => {
        this.rooms.value = new Map([
          ...this.rooms.value,
          ...page.rooms.map((room) => [room.id, room] as const),
        ]);
        this.state.value = page.nextCursor === null ? 'complete' : 'partial';
      });
    } catch {
      this.state.value = 'failed';
    }
  }

  #put(given: KnownRoom): void {
    const known = this.rooms.peek().get(given.id);
    const room = { ...known, ...given };
    if (sameRoom(room, known)) return;
    this.rooms.value = new Map([...this.rooms.peek(), [room.id, room]]);
  }
}

/** The text without case and accents, for searching. */
function plain(text: string): string {
  return text.normalize('NFD').replace(/\p{M}/gu, '').toLowerCase().trim();
}

function sameRooms(a: ReadonlyMap<number, KnownRoom>, b: ReadonlyMap<number, KnownRoom>): boolean {
  return a.size === b.size && [...a.values()].every((room) => sameRoom(room, b.get(room.id)));
}

function sameRoom(a: KnownRoom, b: KnownRoom | undefined): boolean {
  return (
    b !== undefined &&
    (['name', 'kind', 'topic', 'slowModeSeconds', 'role'] as const).every((field) => a[field] === b[field])
  );
}
