import { type ControlEvent, type RoomDirectory, roomSize } from '@chorus/broker';
import { Refusal, type RoomAction, type RoomKind } from '@chorus/protocol';
import type { Logger } from '@chorus/service';
import type { UserRepository } from '../auth/user-repository.js';
import type { BanService } from '../bans/service.js';
import { unavailable } from '../http/unavailable.js';
import { mapped, type Remember } from '../idempotency/remember.js';
import type { Caller } from '../keys/api-key.js';
import type { NewRoom, RoomChanges } from '../members/room-changes.js';
import { type RoomProperties, RoomTransaction } from '../members/room-transaction.js';
import type { Outbox } from '../outbox/outbox.js';
import { authorOf, demand, type RoomAccess, required } from './access.js';
import { differences } from './differences.js';
import type { ReadableRoom, Room, RoomOfUser, RoomRepository } from './repository.js';

export interface RoomServiceParts {
  readonly rooms: RoomRepository;
  readonly users: Pick<UserRepository, 'members'>;
  readonly changes: RoomChanges;
  readonly access: RoomAccess;
  readonly outbox: Pick<Outbox, 'deliver'>;
  readonly directory: RoomDirectory;
  readonly bans: Pick<BanService, 'withoutRoom'>;
  /** Limit on rooms per creator; concurrent requests may exceed it by their number. */
  readonly maxRoomsPerUser: number;
  /** Limit on users of a direct room. */
  readonly maxDirectUsers: number;
  readonly log: Logger;
}

/** A room to create. */
export interface RoomDraft {
  readonly name: string;
  readonly kind: Exclude<RoomKind, 'direct'>;
  readonly topic: string;
}

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
  constructor(private readonly parts: RoomServiceParts) {}

  /**
   * @param id chosen by the client; without one, the next free id
   * @throws {Refusal} 409 when the chosen id is taken, 403 when the user has reached the limit of rooms
   */
  async create(
    caller: Caller,
    draft: RoomDraft,
    id?: number,
    remember?: Remember<RoomOfUser>,
  ): Promise<RoomOfUser> {
    const { user } = caller;
    if (draft.kind === 'private') authorOf(caller);
    await this.#admitRoom(caller);
    const members = user === undefined ? [] : [[user.id, 'owner'] as const];
    const fields: NewRoom = { ...draft, createdBy: user?.id ?? null, members };
    const ofUser = (room: Room): RoomOfUser => ({ ...room, role: user === undefined ? 'none' : 'owner' });
    const own = mapped(remember, ofUser);
    const room = await (id === undefined
      ? this.#createNext(fields, MAX_TRIES, own)
      : this.#create(fields, id, own));
    if (room === undefined) throw new Refusal('conflict', 'id');
    return ofUser(room);
  }

  /**
   * Returns the direct room of the user and others, which is made at its first use.
   * @throws {Refusal} 400 for too many users or only oneself, 403 when the user has reached the limit of rooms, 404 for an
   *   unknown user
   */
  async direct(caller: Caller, others: readonly number[]): Promise<RoomOfUser> {
    const { changes, users, maxDirectUsers } = this.parts;
    const user = required(caller);
    const ids = [...new Set([user.id, ...others])].sort((a, b) => a - b);
    if (ids.length < 2 || ids.length > maxDirectUsers) {
      throw new Refusal('invalid_field', 'userIds', `must name 1 to ${maxDirectUsers - 1} other users`);
    }
    const directKey = ids.join();
    for (let attempt = 0; attempt < MAX_TRIES; attempt++) {
      const found = await changes.findDirect(directKey);
      if (found !== undefined) return { ...found, role: 'member' };
      await this.#admitRoom(caller);
      const people = await users.members(ids);
      people.set(user.id, user);
      if (people.size < ids.length) throw new Refusal('user_not_found');
      const name = ids.map((id) => people.get(id)?.username).join(', ');
      const members = ids.map((id) => [id, 'member'] as const);
      const common = { name, topic: '', kind: 'direct', createdBy: user.id } as const;
      const room = await this.#createNext({ ...common, directKey, members }, 1);
      if (room !== undefined) return { ...room, role: 'member' };
    }
    throw unavailable(new Error('the direct room could not be created'));
  }

  /** @param action what the caller wants to do there @throws {Refusal} 404; 403 or 400 if the caller may not do it */
  get(caller: Caller, id: number, action: RoomAction = 'read'): Promise<ReadableRoom> {
    return this.parts.access.room(caller, id, action);
  }

  /** A room that the caller may know of. @throws {Refusal} 404 */
  visible(caller: Caller, id: number): Promise<ReadableRoom> {
    return this.parts.access.visible(caller, id);
  }

  /**
   * Rooms that the caller may find, with ids above `after`, by ascending id: for a key that acts as no user, all.
   * @param direct whether direct rooms are among them
   */
  async list({ user, key }: Caller, after: number, limit: number, direct: boolean): Promise<RoomOfUser[]> {
    const { rooms, access } = this.parts;
    if (key !== undefined && user === undefined) return rooms.list(after, limit);
    return (await rooms.listFor(user?.id, after, limit, direct)).map((room) => access.withRole(room));
  }

  /**
   * If notifying the gateways fails the response is 503, and the request can be repeated.
   * @throws {Refusal} 403 or 404
   */
  async change(caller: Caller, id: number, given: RoomProperties): Promise<RoomOfUser> {
    const { directory, outbox } = this.parts;
    const changed = await this.#inRoom(caller, id, async (room, role) => {
      const { kind } = room.room;
      if (given.name !== undefined || given.topic !== undefined) demand('rename', { kind, role }, caller);
      if (given.slowModeSeconds !== undefined) demand('setSlowMode', { kind, role }, caller);
      if (given.retentionDays !== undefined) demand('setRetention', { kind, role }, caller);
      const changes = differences(room.room, given);
      if (Object.keys(changes).length === 0) return { ...room.room, role };
      const { retentionDays, ...recorded } = changes;
      // Nothing that sockets show.
      if (retentionDays !== undefined) await room.mirrorRetention();
      // With AUTH=open the request may name no user, and an entry needs an author.
      if (isUnknown(caller)) await room.mirror([], changes.slowModeSeconds);
      else if (Object.keys(recorded).length > 0)
        await room.record(authorOf(caller), { change: 'room-changed', ...recorded });
      return { ...(await room.setProperties(changes)), role };
    });
    await outbox.deliver(id);
    if (given.name !== undefined) {
      await directory.announce({ type: 'room-renamed', roomId: id, name: changed.name });
      await this.#announceListed(changed);
    }
    return changed;
  }

  /**
   * Succeeds once PostgreSQL has deleted the room: if Redis fails then, the mirrors of rooms and members repeat that step when
   * Redis is back. Until then no client can publish in the room anyway.
   * @throws {Refusal} 403 or 404
   */
  async delete(caller: Caller, id: number): Promise<void> {
    const { directory, bans, access } = this.parts;
    const { kind } = await access.room(caller, id, 'deleteRoom');
    await directory.begin([id]);
    await bans.withoutRoom(id, async () => {
      await this.#inRoom(caller, id, async (room, role) => {
        demand('deleteRoom', { kind: room.room.kind, role }, caller);
        await room.delete();
      });
      await this.#forget(id);
    });
    if (kind === 'public') await this.#announceList({ type: 'room-unlisted', roomId: id });
  }

  async #inRoom<T>(
    { user }: Caller,
    id: number,
    change: (room: RoomTransaction, role: RoomOfUser['role']) => Promise<T>,
  ): Promise<T> {
    const { changes, access } = this.parts;
    return changes.inRoom(id, async (room) => {
      if (room === undefined) throw new Refusal('room_not_found');
      const { role } = access.withRole({ ...room.room, role: await room.roleOf(user?.id) });
      return change(room, role);
    });
  }

  /** @throws {Refusal} 403 */
  async #admitRoom({ user }: Caller): Promise<void> {
    const { rooms, maxRoomsPerUser: most } = this.parts;
    if (user !== undefined && (await rooms.countOf(user.id, most)) >= most) {
      throw new Refusal('too_many_own_rooms', most);
    }
  }

  /** @returns undefined if every attempt has found its id, or the direct key, taken */
  async #createNext(fields: NewRoom, attempts: number, remember?: Remember<Room>): Promise<Room | undefined> {
    for (let attempt = 0; attempt < attempts; attempt++) {
      const id = await this.parts.rooms.nextFreeId(IDS_PER_TRY);
      // Another client may choose this id concurrently.
      const room = id === undefined ? undefined : await this.#create(fields, id, remember);
      if (room !== undefined) return room;
    }
    if (fields.directKey !== undefined) return undefined;
    throw unavailable(new Error('no free room id found'));
  }

  async #create(fields: NewRoom, id: number, remember?: Remember<Room>): Promise<Room | undefined> {
    const { directory, changes, outbox } = this.parts;
    await directory.begin([id]);
    const room = await changes.create(id, fields, remember);
    if (room === undefined) return undefined;
    const { generation, kind } = room;
    try {
      // Before gateways know the room: members of a deleted room with this id must not enter it.
      if (kind !== 'public') await outbox.deliver(id);
      // Known already: a deleted room with this id, whose removal from the mirror is still pending. The new room must
      // not inherit its messages or its sockets.
      const size = roomSize(fields.members.length);
      if (!(await directory.ensure(id, 0, generation, kind, size))) {
        await directory.remove(id);
        await directory.ensure(id, 0, generation, kind, size);
      }
    } catch (error) {
      await this.#undo(id, remember);
      throw error;
    }
    // The owner may use the room at once as one. If this fails, the owner is none for a while.
    if (kind === 'public') await outbox.deliver(id).catch((error: unknown) => this.#later(id, error));
    await this.#announceListed(room);
    await this.#announceMembers(id, fields.members);
    return room;
  }

  #later(roomId: number, error: unknown): void {
    this.parts.log.debug({ roomId, error: String(error) }, 'the owner of a room is mirrored later');
  }

  /** Removes a deleted room from Redis, with its memberships. */
  async #forget(id: number): Promise<void> {
    const { directory, outbox, log } = this.parts;
    try {
      await directory.remove(id);
      await outbox.deliver(id);
    } catch (error) {
      log.warn({ roomId: id, error: String(error) }, 'room deleted, gateways will learn of it later');
    }
  }

  /** Gateways that watch inboxes notice other members by entries. If this fails, these users find the room at their next connect. */
  async #announceMembers(roomId: number, members: NewRoom['members']): Promise<void> {
    const userIds = members.map(([userId]) => userId);
    await this.parts.directory.announceMembers(roomId, userIds).catch((error: unknown) => {
      this.parts.log.debug(
        { roomId, error: String(error) },
        'the members of a new room could not be announced',
      );
    });
  }

  /** Only public rooms: every client that watches the list receives it. */
  async #announceListed({ id, name, createdBy, kind }: Room): Promise<void> {
    if (kind === 'public') await this.#announceList({ type: 'room-listed', room: { id, name, createdBy } });
  }

  /**
   * Notifies clients that watch the list of rooms, or their inbox. If this fails, clients see the change when they read it
   * next.
   */
  async #announceList(event: ControlEvent): Promise<void> {
    await this.parts.directory.announce(event).catch((error: unknown) => {
      this.parts.log.debug(
        { event, error: String(error) },
        'clients that watch lists of rooms could not be told',
      );
    });
  }

  /**
   * Takes back a room that gateways do not know yet, so that the client's 503 is true and its next attempt with this
   * id is not refused because of this one. If this fails too, the room stays and the mirror restores it for the
   * gateways: the next attempt then gets 409.
   */
  async #undo(id: number, remember: Remember<Room> | undefined): Promise<void> {
    const { changes, log } = this.parts;
    await changes
      .transaction(async (tx) => {
        await (await RoomTransaction.lock(tx, id))?.delete();
        await remember?.forget(tx);
      })
      .catch((error: unknown) => {
        log.warn({ roomId: id, error: String(error) }, 'a room could not be removed again');
      });
  }
}

const isUnknown = ({ user, key }: Caller): boolean => user === undefined && key === undefined;
