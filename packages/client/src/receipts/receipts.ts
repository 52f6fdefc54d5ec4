import { isAfter, type Position, parsePosition } from '@chorus/protocol/constants';
import { fullJitter } from '../connection/backoff.js';
import { Emitter } from '../emitter.js';
import type { ApiRequester } from '../http/api-types.js';
import { listMembers } from '../http/members.js';
import { placeOf } from '../places.js';
import type { Room } from '../room/room.js';
import type { Member } from '../types.js';

/** A member of a room, and how far this member has read it. */
export interface Receipt extends Member {
  /** Undefined if the member has read nothing yet. */
  readonly readPosition: Position | undefined;
}

type Change = (receipts: Map<number, Receipt>) => void;

/** Waits before a failed reading is repeated. */
const RETRY = { baseMs: 1_000, capMs: 30_000 };
/** Rooms with more members have no receipts. */
const MOST_MEMBERS = 100;

/**
 * How far the members of a room have read it: kept current while the room is joined. Empty in rooms with more than 100 members.
 *
 * @example
 * const receipts = new Receipts(client, room);
 * receipts.subscribe(() => render(receipts.readBy(message)));
 */
export class Receipts {
  readonly #api: ApiRequester;
  readonly #room: Room;
  readonly #events = new Emitter<{ change: undefined }>();
  readonly #offs: ReadonlyArray<() => void>;
  #receipts: ReadonlyMap<number, Receipt> = new Map();
  /** What has changed since a reading began: it is applied to the answer, too. */
  #changes: Change[] | undefined;
  #retry: ReturnType<typeof setTimeout> | undefined;
  #failures = 0;
  /** Increases when a reading in progress becomes irrelevant. */
  #generation = 0;

  constructor(api: ApiRequester, room: Room) {
    this.#api = api;
    this.#room = room;
    this.#offs = [
      room.on('status', (status) => {
        if (status === 'joined') this.#read();
      }),
      room.on('read', ({ userId, position, unread }) => this.#apply(reads(userId, position, unread))),
      // A message reads all before it.
      room.on('message', (message) => this.#apply(reads(message.userId, message, false))),
      room.on('change', (change) => {
        if (change.change === 'member-added') this.#apply(adds(change.member));
        else if (change.change === 'member-removed') this.#apply((all) => all.delete(change.member.id));
      }),
    ];
    if (room.status === 'joined') this.#read();
  }

  /** In ascending order of id. Each change makes a new array; receipts that did not change are the same objects. */
  get list(): readonly Receipt[] {
    return [...this.#receipts.values()];
  }

  /** Returns the members who have read the room up to a message, or its position. */
  readBy(message: Position): readonly Receipt[] {
    return this.list.filter(({ readPosition }) => readPosition && !isAfter(message, readPosition));
  }

  /**
   * Calls `listener` after each change.
   * @returns a function that removes the listener
   */
  readonly subscribe = (listener: () => void): (() => void) => this.#events.on('change', listener);

  /** Ends the updates. The list stays as it is. */
  close(): void {
    this.#generation++;
    clearTimeout(this.#retry);
    for (const off of this.#offs) off();
  }

  async #read(): Promise<void> {
    const generation = ++this.#generation;
    clearTimeout(this.#retry);
    this.#changes = [];
    const page = await listMembers(this.#api, this.#room.id, { limit: MOST_MEMBERS }).catch(() => undefined);
    if (generation !== this.#generation) return;
    if (page === undefined) {
      this.#retry = setTimeout(() => this.#read(), fullJitter(this.#failures++, RETRY, Math.random));
      return;
    }
    this.#failures = 0;
    const { members, nextCursor } = page;
    const changes = this.#changes;
    this.#changes = undefined;
    this.#receipts = new Map();
    // Muted users of public rooms are listed without being members.
    const known = nextCursor === null ? members.filter(({ role }) => role !== null) : [];
    this.#apply((all) => {
      for (const { id, username, readPosition } of known) {
        all.set(id, { id, username, readPosition: parsePosition(readPosition ?? '') });
      }
      if (nextCursor === null) for (const change of changes) change(all);
    });
  }

  #apply(change: Change): void {
    this.#changes?.push(change);
    const all = new Map(this.#receipts);
    change(all);
    this.#receipts = new Map([...all].sort(([a], [b]) => a - b));
    this.#events.emit('change', undefined);
  }
}

function reads(userId: number, entry: Position, unread: boolean): Change {
  const at = placeOf(entry);
  return (all) => {
    const receipt = all.get(userId);
    if (receipt === undefined) return;
    const { readPosition } = receipt;
    if (unread || readPosition === undefined || isAfter(at, readPosition)) {
      all.set(userId, { ...receipt, readPosition: at });
    }
  };
}

function adds({ id, username }: Member): Change {
  return (all) => {
    if (!all.has(id)) all.set(id, { id, username, readPosition: undefined });
  };
}
