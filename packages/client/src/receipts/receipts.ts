import { isAfter, type Position, parsePosition } from '@chorus/protocol/constants';
import { Emitter } from '../emitter.js';
import type { ApiRequester } from '../http/api-types.js';
import { listMembers } from '../http/members.js';
import { Pending } from '../pending.js';
import { placeOf } from '../places.js';
import type { Room } from '../room/room.js';
import { Roster } from '../room/roster.js';
import type { Member, RoomStatus } from '../types.js';

/** A member of a room, and how far this member has read it. */
export interface Receipt extends Member {
  /** Undefined if the member has read nothing yet. */
  readonly readPosition: Position | undefined;
}

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
  readonly #roster = new Roster<Receipt>(() => this.#events.emit('change', undefined));
  readonly #pending = new Pending();
  #isSmall = true;

  constructor(api: ApiRequester, room: Room) {
    this.#api = api;
    this.#room = room;
    const onStatus = (status: RoomStatus): void => {
      // After a failure for good the receipts are as of before, until the room is joined again.
      if (status === 'joined') this.#read().catch(() => {});
    };
    this.#offs = [
      room.on('status', onStatus),
      room.on('read', ({ userId, position, unread }) => this.#reads(userId, position, unread)),
      // A message reads all before it.
      room.on('message', (message) => this.#reads(message.userId, placeOf(message), false)),
      room.on('change', (change) => {
        if (change.change === 'member-added') this.#adds(change.member);
        else if (change.change === 'member-removed')
          this.#roster.apply((receipts) => receipts.delete(change.member.id));
      }),
    ];
    onStatus(room.status);
  }

  /** In ascending order of id. Each change makes a new array; receipts that did not change are the same objects. */
  get list(): readonly Receipt[] {
    return this.#roster.list;
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
    this.#pending.cancelAll();
    for (const off of this.#offs) off();
  }

  async #read(): Promise<void> {
    this.#pending.cancelAll();
    this.#roster.start();
    const query = { limit: MOST_MEMBERS };
    const page = await this.#pending.untilAnswered(() => listMembers(this.#api, this.#room.id, query));
    this.#isSmall = page.nextCursor === null;
    // Muted users of public rooms are listed without being members.
    const members = page.members.filter(({ role }) => role !== null && this.#isSmall);
    this.#roster.replace(
      members.map(({ id, username, readPosition }) => ({
        id,
        username,
        readPosition: parsePosition(readPosition),
      })),
    );
  }

  #adds({ id, username }: Member): void {
    this.#roster.apply(
      (receipts) =>
        this.#isSmall && !receipts.has(id) && !!receipts.set(id, { id, username, readPosition: undefined }),
    );
  }

  #reads(id: number, position: Position, unread: boolean): void {
    this.#roster.apply((receipts) => {
      const receipt = receipts.get(id);
      if (!receipt || (!unread && receipt.readPosition && !isAfter(position, receipt.readPosition)))
        return false;
      return !!receipts.set(id, { ...receipt, readPosition: position });
    });
  }
}
