import type { RoomNewsPart } from './room-news.js';
import { RoomWatchers } from './room-watchers.js';

/** A socket whose user's inbox can be watched. */
export interface InboxSocket {
  readonly user: { readonly id: number };
  /** Whether it is open. */
  readonly open: boolean;
  readonly queuedBytes: number;
  send(frame: string | Uint8Array): void;
}

/** A user with sockets that watch the inbox. */
export interface WatchingUser {
  readonly id: number;
  /** Number of the user in {@link RoomWatchers}. */
  readonly slot: number;
  /** Empty once the watch has ended. */
  sockets: InboxSocket[];
  /** Rooms that the user has entered or left as a member since the last frame. */
  changes: Map<number, 'added' | 'removed'> | undefined;
  /** News that are about to be sent. */
  news: RoomNewsPart[] | undefined;
}

/** The watching users of this node, and the rooms of which they are members. */
export class WatchingUsers {
  readonly #byId = new Map<number, WatchingUser>();
  readonly #bySlot: Array<WatchingUser | undefined> = [];
  #freeSlots: number[] = [];
  #watchers = new RoomWatchers();
  #sockets = 0;

  /** Number of watching sockets. */
  get sockets(): number {
    return this.#sockets;
  }

  /** Number of rooms with watching members. */
  get rooms(): number {
    return this.#watchers.rooms;
  }

  get(userId: number): WatchingUser | undefined {
    return this.#byId.get(userId);
  }

  /** Begins to watch for a user who does not watch. @param rooms each once */
  begin(userId: number, rooms: Iterable<number>): WatchingUser {
    const slot = this.#freeSlots.pop() ?? this.#bySlot.length;
    const user: WatchingUser = { id: userId, slot, sockets: [], changes: undefined, news: undefined };
    this.#bySlot[slot] = user;
    this.#byId.set(userId, user);
    for (const room of rooms) this.#watchers.addNew(slot, room);
    return user;
  }

  /** Adds a socket to a user who watches; once, however often it is added. */
  attach(user: WatchingUser, socket: InboxSocket): void {
    if (user.sockets.includes(socket)) return;
    user.sockets.push(socket);
    this.#sockets++;
  }

  /** Ends the watch of a socket; with the last one, that of its user. @returns false if it does not watch */
  detach(socket: InboxSocket): boolean {
    const user = this.#byId.get(socket.user.id);
    if (user?.sockets.includes(socket) !== true) return false;
    user.sockets = user.sockets.filter((each) => each !== socket);
    this.#sockets--;
    if (user.sockets.length > 0) return true;
    this.#byId.delete(user.id);
    this.#bySlot[user.slot] = undefined;
    this.#watchers.removeAll(user.slot);
    this.#freeSlots.push(user.slot);
    return true;
  }

  /** Ends all watches. @returns the sockets */
  clear(): InboxSocket[] {
    const users = [...this.#byId.values()];
    const sockets = users.flatMap((user) => user.sockets);
    for (const user of users) user.sockets = [];
    this.#byId.clear();
    this.#bySlot.length = 0;
    this.#freeSlots = [];
    this.#watchers = new RoomWatchers();
    this.#sockets = 0;
    return sockets;
  }

  countRooms(user: WatchingUser): number {
    return this.#watchers.count(user.slot);
  }

  /** Whether a room has watching members. */
  isWatched(roomId: number): boolean {
    return this.#watchers.has(roomId);
  }

  /** @returns false if the user has the room already */
  addRoom(user: WatchingUser, roomId: number): boolean {
    return this.#watchers.add(user.slot, roomId);
  }

  /** @returns false if the user does not have the room */
  removeRoom(user: WatchingUser, roomId: number): boolean {
    return this.#watchers.remove(user.slot, roomId);
  }

  /** Calls `visit` with each watching member of a room, of which none may be added or removed meanwhile. */
  forEachMember(roomId: number, visit: (user: WatchingUser) => void): void {
    this.#watchers.forEachUser(roomId, (slot) => {
      const user = this.#bySlot[slot];
      if (user !== undefined) visit(user);
    });
  }
}
