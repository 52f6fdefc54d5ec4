import type { V1ServerFrame } from '@chorus/protocol/types';
import type { Member } from '../types.js';
import { Members } from './members.js';
import type { RoomHost } from './room-host.js';
import { Typists } from './typists.js';

type PeopleFrame = Extract<V1ServerFrame, { type: 'joined' | 'left' | 'typing' | 'presence' }>;

/** Shortest time between two `typing` frames, in milliseconds. */
const TYPING_EVERY_MS = 1_000;

export interface PeopleOptions {
  readonly roomId: number;
  readonly host: RoomHost;
  onMembers(members: readonly Member[]): void;
  onTypists(typists: readonly Member[]): void;
}

/** The members who are present in a room, from the first look on, and the members who are typing. */
export class People {
  readonly typists: Typists;
  readonly #roomId: number;
  readonly #host: RoomHost;
  readonly #members: Members;
  #wanted = false;
  #entered = false;
  #typedAt = Number.NEGATIVE_INFINITY;

  constructor({ roomId, host, onMembers, onTypists }: PeopleOptions) {
    this.#roomId = roomId;
    this.#host = host;
    this.typists = new Typists(onTypists);
    const ask = (after: number | undefined): void =>
      host.send(() => ({ type: 'presence', roomId, after }), true);
    this.#members = new Members({ ask, onChange: onMembers });
  }

  get members(): readonly Member[] {
    this.watch();
    return this.#members.list;
  }

  /** Starts to keep the list of members up to date. */
  watch(): void {
    if (this.#wanted) return;
    this.#wanted = true;
    if (this.#entered) this.read();
  }

  /** The room was joined, or a refused reading may be repeated. */
  read(): void {
    this.#entered = true;
    if (this.#wanted) this.#members.read();
  }

  /** The user is typing. */
  type(): void {
    const now = performance.now();
    if (now - this.#typedAt < TYPING_EVERY_MS) return;
    this.#typedAt = now;
    this.#host.send(() => ({ type: 'typing', roomId: this.#roomId }));
  }

  /** The connection or the room has ended. */
  interrupted(): void {
    this.#entered = false;
    this.#members.interrupted();
    this.typists.clear();
  }

  received(frame: PeopleFrame): void {
    if (frame.type === 'presence') {
      this.#members.page(frame.members, frame.next);
      return;
    }
    const { type, userId: id, username } = frame;
    if (type === 'joined') this.#members.came({ id, username });
    else if (type === 'left') {
      this.#members.went(id);
      this.typists.stopped(id);
    } else if (id !== this.#host.user?.id) this.typists.typing({ id, username });
  }
}
