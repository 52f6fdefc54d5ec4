import { RoomTable } from './room-table.js';

/** Index of no pair: the end of a list. */
const NONE = 0;
/** Pairs that fit before the arrays grow for the first time. */
const FIRST_PAIRS = 1_024;
const GROWTH = 1.5;

/**
 * Which watching users are members of which rooms: the pairs of a room and a user, in typed arrays, because there may be millions.
 *
 * A pair takes 24 bytes, and a room its entry in a {@link RoomTable}. Users are numbered by the caller with small numbers that are used again.
 * Adding and removing take time that does not grow with the number of users in a room.
 */
export class RoomWatchers {
  /** First pair of each room. */
  readonly #firsts = new RoomTable();
  /** First pair of each user. */
  #userFirsts = new Uint32Array(64);
  #users = new Uint32Array(FIRST_PAIRS);
  #rooms = new Float64Array(FIRST_PAIRS);
  /** Next and previous pair of the room. */
  #nexts = new Uint32Array(FIRST_PAIRS);
  #previous = new Uint32Array(FIRST_PAIRS);
  /** Next pair of the user, or next free pair. */
  #userNexts = new Uint32Array(FIRST_PAIRS);
  #free = NONE;
  /** Pairs that were in use at least once; the first is never used. */
  #used = 1;
  #size = 0;

  /** Number of pairs. */
  get size(): number {
    return this.#size;
  }

  /** Number of rooms with watching users. */
  get rooms(): number {
    return this.#firsts.size;
  }

  has(room: number): boolean {
    return this.#firsts.get(room) !== NONE;
  }

  /** Number of rooms of a user. */
  count(user: number): number {
    let count = 0;
    for (let pair = this.#userFirsts[user] ?? NONE; pair !== NONE; pair = at(this.#userNexts, pair)) count++;
    return count;
  }

  /** Calls `visit` with each user of a room. The index must not change meanwhile. */
  forEachUser(room: number, visit: (user: number) => void): void {
    for (let pair = this.#firsts.get(room); pair !== NONE; pair = at(this.#nexts, pair)) {
      visit(at(this.#users, pair));
    }
  }

  /** Adds a room to a user who has none yet, or not this one: see {@link add}. */
  addNew(user: number, room: number): void {
    const pair = this.#take();
    this.#users[pair] = user;
    this.#rooms[pair] = room;
    const next = this.#firsts.get(room);
    this.#nexts[pair] = next;
    this.#previous[pair] = NONE;
    if (next !== NONE) this.#previous[next] = pair;
    this.#firsts.set(room, pair);
    if (user >= this.#userFirsts.length) this.#userFirsts = grown(this.#userFirsts, user + 1);
    this.#userNexts[pair] = at(this.#userFirsts, user);
    this.#userFirsts[user] = pair;
    this.#size++;
  }

  /** @returns false if the user has the room already */
  add(user: number, room: number): boolean {
    for (let pair = this.#userFirsts[user] ?? NONE; pair !== NONE; pair = at(this.#userNexts, pair)) {
      if (this.#rooms[pair] === room) return false;
    }
    this.addNew(user, room);
    return true;
  }

  /** @returns false if the user does not have the room */
  remove(user: number, room: number): boolean {
    let before = NONE;
    for (let pair = this.#userFirsts[user] ?? NONE; pair !== NONE; pair = at(this.#userNexts, pair)) {
      if (this.#rooms[pair] === room) {
        const next = at(this.#userNexts, pair);
        if (before === NONE) this.#userFirsts[user] = next;
        else this.#userNexts[before] = next;
        this.#unlink(pair);
        return true;
      }
      before = pair;
    }
    return false;
  }

  /** Removes all rooms of a user. */
  removeAll(user: number): void {
    let pair = this.#userFirsts[user] ?? NONE;
    while (pair !== NONE) {
      const next = at(this.#userNexts, pair);
      this.#unlink(pair);
      pair = next;
    }
    this.#userFirsts[user] = NONE;
  }

  /** Takes a pair out of the list of its room, and frees it. */
  #unlink(pair: number): void {
    const [next, previous] = [at(this.#nexts, pair), at(this.#previous, pair)];
    if (next !== NONE) this.#previous[next] = previous;
    if (previous !== NONE) this.#nexts[previous] = next;
    else if (next !== NONE) this.#firsts.set(at(this.#rooms, pair), next);
    else this.#firsts.delete(at(this.#rooms, pair));
    this.#userNexts[pair] = this.#free;
    this.#free = pair;
    this.#size--;
  }

  #take(): number {
    const free = this.#free;
    if (free !== NONE) {
      this.#free = at(this.#userNexts, free);
      return free;
    }
    const pair = this.#used++;
    if (pair === this.#users.length) this.#grow(pair + 1);
    return pair;
  }

  #grow(least: number): void {
    this.#users = grown(this.#users, least);
    this.#nexts = grown(this.#nexts, least);
    this.#previous = grown(this.#previous, least);
    this.#userNexts = grown(this.#userNexts, least);
    const rooms = new Float64Array(this.#users.length);
    rooms.set(this.#rooms);
    this.#rooms = rooms;
  }
}

/** Every index that the lists hold is one of the arrays. */
function at(numbers: Uint32Array | Float64Array, index: number): number {
  return numbers[index] ?? NONE;
}

function grown(numbers: Uint32Array, least: number): Uint32Array<ArrayBuffer> {
  const larger = new Uint32Array(Math.max(least, Math.ceil(numbers.length * GROWTH)));
  larger.set(numbers);
  return larger;
}
