import type { AuthMode } from '@chorus/auth';
import type { ControlEvent, RoomDirectory } from '@chorus/broker';
import type { Member } from '@chorus/protocol';
import { Refusal } from '@chorus/protocol';
import type { Logger } from '@chorus/service';
import type { BanService } from '../bans/service.js';
import { unavailable } from '../http/unavailable.js';
import type { Room, RoomRepository } from './repository.js';

/** How many taken ids one statement skips; the loop bounds the number of statements. */
const IDS_PER_TRY = 50_000;
const MAX_TRIES = 10;

/**
 * Creates, renames and deletes rooms. PostgreSQL owns them; gateways learn of them through the directory. Each change
 * is noted as pending in the directory before PostgreSQL is written, so that `RoomMirror` finds and repairs what a
 * crash or an outage leaves half done. When Redis is unavailable, this first step fails and nothing has happened:
 * 503.
 */
export class RoomService {
  constructor(
    private readonly rooms: RoomRepository,
    private readonly directory: RoomDirectory,
    private readonly bans: Pick<BanService, 'withoutRoom'>,
    private readonly authMode: AuthMode,
    /** Limit on rooms per creator; concurrent requests may exceed it by their number. */
    private readonly maxRoomsPerUser: number,
    private readonly log: Logger,
  ) {}

  /**
   * @param id chosen by the client; without one, the next free id
   * @throws {Refusal} 409 when the chosen id is taken, 403 when the user has reached the limit of rooms
   */
  async create(user: Member | undefined, name: string, id: number | undefined): Promise<Room> {
    const most = this.maxRoomsPerUser;
    if (user !== undefined && (await this.rooms.countOf(user.id, most)) >= most) {
      throw new Refusal('too_many_own_rooms', most);
    }
    if (id === undefined) return this.#createNext(user, name);
    const room = await this.#create(user, name, id);
    if (room === undefined) throw new Refusal('conflict', 'id');
    return room;
  }

  async get(id: number): Promise<Room> {
    const room = await this.rooms.find(id);
    if (room === undefined) throw new Refusal('room_not_found');
    return room;
  }

  /** Rooms with ids above `after`, by ascending id. */
  list(after: number, limit: number): Promise<Room[]> {
    return this.rooms.list(after, limit);
  }

  /** If notifying the gateways fails the response is 503, and the request can be repeated. */
  async rename(user: Member | undefined, id: number, name: string): Promise<Room> {
    const room = await this.#own(user, id);
    const renamed = await this.rooms.rename(id, room.createdBy, name);
    if (renamed === undefined) throw new Refusal('room_not_found');
    await this.directory.announce({ type: 'room-renamed', roomId: id, name });
    await this.#announceListed(renamed);
    return renamed;
  }

  /**
   * Succeeds once PostgreSQL has deleted the room: if Redis fails then, the mirror repeats that step when Redis is
   * back. Until then no client can publish in the room anyway.
   */
  async delete(user: Member | undefined, id: number): Promise<void> {
    const room = await this.#own(user, id);
    await this.directory.begin([id]);
    await this.bans.withoutRoom(id, async () => {
      if (!(await this.rooms.delete(id, room.createdBy))) throw new Refusal('room_not_found');
      await this.directory.remove(id).catch((error: unknown) => {
        this.log.warn({ roomId: id, error: String(error) }, 'room deleted, gateways will be notified later');
      });
    });
    await this.#announceList({ type: 'room-unlisted', roomId: id });
  }

  async #createNext(user: Member | undefined, name: string): Promise<Room> {
    for (let attempt = 0; attempt < MAX_TRIES; attempt++) {
      const id = await this.rooms.nextFreeId(IDS_PER_TRY);
      // Another client may choose this id concurrently.
      const room = id === undefined ? undefined : await this.#create(user, name, id);
      if (room !== undefined) return room;
    }
    throw unavailable(new Error('no free room id found'));
  }

  async #create(user: Member | undefined, name: string, id: number): Promise<Room | undefined> {
    await this.directory.begin([id]);
    const room = await this.rooms.create(id, name, user?.id ?? null);
    if (room === undefined) return undefined;
    try {
      // Known already: a deleted room with this id, whose removal from the mirror is still pending. The new room must
      // not inherit its messages or its sockets.
      if (!(await this.directory.ensure(id, 0, room.generation))) {
        await this.directory.remove(id);
        await this.directory.ensure(id, 0, room.generation);
      }
    } catch (error) {
      await this.#undo(room);
      throw error;
    }
    await this.#announceListed(room);
    return room;
  }

  #announceListed({ id, name, createdBy }: Room): Promise<void> {
    return this.#announceList({ type: 'room-listed', room: { id, name, createdBy } });
  }

  /**
   * Notifies clients that watch the list of rooms. If this fails, clients see the change when they read the list
   * next.
   */
  async #announceList(event: ControlEvent): Promise<void> {
    await this.directory.announce(event).catch((error: unknown) => {
      this.log.debug(
        { event, error: String(error) },
        'clients that watch the list of rooms could not be told',
      );
    });
  }

  /**
   * Takes back a room that gateways do not know yet, so that the client's 503 is true and its next attempt with this
   * id is not refused because of this one. If this fails too, the room stays and the mirror restores it for the
   * gateways: the next attempt then gets 409.
   */
  async #undo(room: Room): Promise<void> {
    await this.rooms.delete(room.id, room.createdBy).catch((error: unknown) => {
      this.log.warn({ roomId: room.id, error: String(error) }, 'a room could not be removed again');
    });
  }

  /** @throws {Refusal} 404, or 403 when the user may not change the room */
  async #own(user: Member | undefined, id: number): Promise<Room> {
    const room = await this.get(id);
    // With AUTH=open every user may change a room without a creator.
    const owns = room.createdBy === null ? this.authMode === 'open' : room.createdBy === user?.id;
    if (!owns) throw new Refusal('not_room_creator');
    return room;
  }
}
