import type { V1ServerFrame } from '@chorus/protocol/types';
import type { Member } from '../types.js';
import type { RoomContext } from './room-context.js';
import { Roster } from './roster.js';

type PeopleFrame = Extract<V1ServerFrame, { type: 'joined' | 'left' | 'typing' | 'presence' }>;

/** Shortest time between two `typing` frames, in milliseconds. */
const TYPING_EVERY_MS = 1_000;
/** How long a member counts as typing after a `typing` frame, in milliseconds; clients send one per second. */
const TYPING_MS = 4_000;

/**
 * The members who are present in a room, from the first look on, and the members who are typing. Present members are read page by
 * page, and updated between readings.
 */
export class People {
  /** The members who are typing. */
  typists: readonly Member[] = [];
  readonly #room: RoomContext;
  readonly #roster: Roster<Member>;
  /** End the typing of a member. */
  readonly #timers = new Map<number, ReturnType<typeof setTimeout>>();
  /** Members on the pages read so far, while the list is being read. */
  #pages: Member[] | undefined;
  #watched = false;
  #entered = false;
  #typedAt = -TYPING_EVERY_MS;

  constructor(room: RoomContext) {
    this.#room = room;
    this.#roster = new Roster((members) => room.emit('members', members));
  }

  get members(): readonly Member[] {
    this.watch();
    return this.#roster.list;
  }

  /** Starts to keep the list of members up to date. */
  watch(): void {
    if (this.#watched) return;
    this.#watched = true;
    if (this.#entered) this.read();
  }

  /** The room was joined, or a refused reading may be repeated. */
  read(): void {
    this.#entered = true;
    if (!this.#watched) return;
    this.#pages = [];
    this.#roster.start();
    this.#request();
  }

  /** The user is typing. */
  type(): void {
    const now = performance.now();
    if (now - this.#typedAt < TYPING_EVERY_MS) return;
    this.#typedAt = now;
    this.#room.host.send(() => ({ type: 'typing', roomId: this.#room.id }));
  }

  /** The connection or the room has ended. */
  interrupted(): void {
    this.#entered = false;
    this.#pages = undefined;
    for (const id of this.#timers.keys()) this.stopped(id);
  }

  received(frame: PeopleFrame): void {
    if (frame.type === 'presence') {
      this.#page(frame.members, frame.next);
      return;
    }
    const { type, userId: id, username } = frame;
    const member = { id, username };
    if (type === 'typing') this.#typing(member);
    else if (type === 'joined')
      this.#roster.apply((members) => !members.has(id) && !!members.set(id, member));
    else {
      this.stopped(id);
      this.#roster.apply((members) => members.delete(id));
    }
  }

  /** The member sent a message, or left. */
  stopped(id: number): void {
    clearTimeout(this.#timers.get(id));
    if (this.#timers.delete(id)) this.#type(this.typists.filter((member) => member.id !== id));
  }

  #typing(member: Member): void {
    const { id } = member;
    if (id === this.#room.host.user?.id) return;
    const timer = this.#timers.get(id);
    clearTimeout(timer);
    this.#timers.set(
      id,
      setTimeout(() => this.stopped(id), TYPING_MS),
    );
    if (!timer) this.#type([...this.typists, member]);
  }

  #type(typists: readonly Member[]): void {
    this.typists = typists;
    this.#room.emit('typing', typists);
  }

  /** Requests a page. @param after members with larger ids */
  #request(after?: number): void {
    this.#room.host.send(() => ({ type: 'presence', roomId: this.#room.id, after }), true);
  }

  #page(members: readonly Member[], next: number | null): void {
    if (!this.#pages) return;
    this.#pages.push(...members);
    if (next !== null) {
      this.#request(next);
      return;
    }
    this.#roster.replace(this.#pages);
    this.#pages = undefined;
  }
}
