import type { V1ServerFrame } from '@chorus/protocol/types';
import type { Member } from '../types.js';
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

/**
 * The members who are present in a room, from the first look on, and the members who are typing. Present members are read page by
 * page, and updated between readings.
 */
export class People {
  readonly typists: Typists;
  readonly #options: PeopleOptions;
  #known = new Map<number, Member>();
  /** Members on the pages read so far, while the list is being read. */
  #reading: Map<number, Member> | undefined;
  /** Members who left during a reading: a page that arrives later may still list them. */
  readonly #gone = new Set<number>();
  #sorted: readonly Member[] = [];
  #wanted = false;
  #entered = false;
  #typedAt = Number.NEGATIVE_INFINITY;

  constructor(options: PeopleOptions) {
    this.#options = options;
    this.typists = new Typists(options.onTypists);
  }

  get members(): readonly Member[] {
    this.watch();
    return this.#sorted;
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
    if (!this.#wanted) return;
    this.#reading = new Map();
    this.#gone.clear();
    this.#ask();
  }

  /** The user is typing. */
  type(): void {
    const { host, roomId } = this.#options;
    const now = performance.now();
    if (now - this.#typedAt < TYPING_EVERY_MS) return;
    this.#typedAt = now;
    host.send(() => ({ type: 'typing', roomId }));
  }

  /** The connection or the room has ended. */
  interrupted(): void {
    this.#entered = false;
    this.#reading = undefined;
    this.typists.clear();
  }

  received(frame: PeopleFrame): void {
    if (frame.type === 'presence') {
      this.#page(frame.members, frame.next);
      return;
    }
    const { type, userId: id, username } = frame;
    const member = { id, username };
    if (type === 'typing') {
      if (id !== this.#options.host.user?.id) this.typists.typing(member);
    } else if (type === 'joined') {
      this.#gone.delete(id);
      this.#reading?.set(id, member);
      if (this.#known.has(id)) return;
      this.#known.set(id, member);
      this.#changed();
    } else {
      this.typists.stopped(id);
      if (this.#reading?.delete(id) !== undefined) this.#gone.add(id);
      if (this.#known.delete(id)) this.#changed();
    }
  }

  /** Requests a page. @param after members with larger ids */
  #ask(after?: number): void {
    const { host, roomId } = this.#options;
    host.send(() => ({ type: 'presence', roomId, after }), true);
  }

  #page(members: readonly Member[], next: number | null): void {
    const reading = this.#reading;
    if (reading === undefined) return;
    for (const member of members) if (!this.#gone.has(member.id)) reading.set(member.id, member);
    if (next !== null) {
      this.#ask(next);
      return;
    }
    this.#reading = undefined;
    this.#known = reading;
    this.#changed();
  }

  #changed(): void {
    this.#sorted = [...this.#known.values()].sort((a, b) => a.id - b.id);
    this.#options.onMembers(this.#sorted);
  }
}
