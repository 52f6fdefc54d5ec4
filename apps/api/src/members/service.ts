import { type ReadMark, type ReadPositions, SMALL_ROOM_MEMBERS } from '@chorus/broker';
import {
  isAfter,
  type Member,
  type Position,
  Refusal,
  ROLES_OR_NONE,
  type RoleOrNone,
  type RoomAction,
  type RoomRole,
} from '@chorus/protocol';
import type { Caller } from '../keys/api-key.js';
import type { Outbox } from '../outbox/outbox.js';
import { authorOf, demand, type RoomAccess } from '../rooms/access.js';
import type { MemberPage, MemberRepository, RoomMember } from './repository.js';
import type { RoomChanges } from './room-changes.js';
import type { RoomTransaction } from './room-transaction.js';

export interface MemberServiceParts {
  readonly members: MemberRepository;
  readonly changes: RoomChanges;
  readonly access: RoomAccess;
  readonly reads: Pick<ReadPositions, 'ofRoom'>;
  readonly outbox: Pick<Outbox, 'deliver' | 'concerns'>;
  /** Whether users without an account take part, as with `AUTH=open`. */
  readonly accountsElsewhere: boolean;
  readonly maxMembers: number;
}

/** A room whose row is locked, and what the acting user is in it. */
interface Scene {
  readonly caller: Caller;
  /** The user, or the application: see {@link authorOf}. */
  readonly user: Member;
  readonly role: RoleOrNone;
  readonly room: RoomTransaction;
  /** What the user that is acted on is in the room. */
  readonly before: RoleOrNone;
}

/**
 * Adds, changes, mutes and removes members. Each change is an entry of the room's stream. A change that PostgreSQL has but Redis
 * could not take is answered with 503: it takes effect when Redis is back, and the request can be repeated.
 */
export class MemberService {
  constructor(private readonly parts: MemberServiceParts) {}

  /** Members with ids above `after`, in ascending order of id. @throws {Refusal} 403 or 404 */
  async list(caller: Caller, roomId: number, after: number, limit: number): Promise<MemberPage> {
    const { access, members } = this.parts;
    const { role } = await access.room(caller, roomId, 'listMembers');
    const page = await members.page(roomId, after, limit);
    const tells = role !== 'none' && (await members.hasAtMost(roomId, SMALL_ROOM_MEMBERS));
    return tells ? { ...page, members: await this.#withRead(roomId, page.members) } : page;
  }

  /** Adds a member, or changes the role of one. @throws {Refusal} 403, 404 or 409 */
  put(caller: Caller, roomId: number, userId: number, role: RoomRole): Promise<RoomMember> {
    return this.#act(caller, roomId, userId, async (scene) => {
      if (scene.before === role) return;
      demandIn(scene, actionOfPut(scene, userId, role));
      await this.#put(scene, userId, role);
    });
  }

  /**
   * Removes a member; a user who removes themselves leaves. Repeated while Redis lacks the removal, it delivers it.
   * @throws {Refusal} 403, 404 or 409
   */
  async remove(caller: Caller, roomId: number, userId: number): Promise<void> {
    try {
      await this.#change(caller, roomId, userId, async (scene) => {
        const { room, before } = scene;
        demandIn(scene, actionOn(scene, userId, 'leave', 'removeMember'));
        if (before === 'none') throw new Refusal('member_not_found');
        await keepAnOwner(scene, userId);
        const member = await this.#member(room, userId, scene.user);
        await room.removeMember(userId);
        await room.record(scene.user, { change: 'member-removed', member }, userId);
      });
    } catch (error) {
      // A user who has left does not find a private room any more, and has no role in a public one.
      const codes: ReadonlyArray<Refusal['code']> =
        caller.user?.id === userId
          ? ['room_not_found', 'role_required', 'member_not_found']
          : ['member_not_found'];
      const isRepeated = error instanceof Refusal && codes.includes(error.code);
      if (!isRepeated || !(await this.parts.outbox.concerns(roomId, userId))) throw error;
      await this.parts.outbox.deliver(roomId);
    }
  }

  /** Keeps a user from sending for a time. @param seconds 0 ends the mute @throws {Refusal} 403 or 404 */
  mute(caller: Caller, roomId: number, userId: number, seconds: number): Promise<RoomMember> {
    return this.#act(caller, roomId, userId, async (scene) => {
      const { room, before } = scene;
      demandIn(scene, actionOn(scene, userId, 'mute', 'mute'));
      if (before === 'none' && room.room.kind !== 'public') throw new Refusal('member_not_found');
      const member = await this.#member(room, userId, scene.user);
      const mutedUntil = await room.mute(userId, seconds);
      await room.record(scene.user, { change: 'member-changed', member, mutedUntil }, userId);
    });
  }

  /** Adds the user to a room within a transaction, if the user is not a member. @throws {Refusal} 403 the room is full */
  async add(room: RoomTransaction, user: Member, by: Member): Promise<void> {
    if ((await room.countMembers(this.parts.maxMembers)) >= this.parts.maxMembers) {
      throw new Refusal('too_many_members', this.parts.maxMembers);
    }
    await room.putMember(user.id, 'member');
    await room.record(by, { change: 'member-added', member: user }, user.id);
  }

  async #put(scene: Scene, userId: number, role: RoomRole): Promise<void> {
    const { room, before, user } = scene;
    const member = await this.#member(room, userId, user);
    if (before === 'none') {
      await this.add(room, member, user);
      if (role === 'member') return;
    } else await keepAnOwner(scene, userId);
    await room.putMember(userId, role);
    await room.record(user, { change: 'member-changed', member, role }, userId);
  }

  /** Reads Redis before PostgreSQL: a position that is stored meanwhile is in one of the two. */
  async #withRead(roomId: number, page: readonly RoomMember[]): Promise<RoomMember[]> {
    const { members, reads } = this.parts;
    const ids = page.map(({ id }) => id);
    const marks = await reads.ofRoom(roomId, ids);
    const stored = await members.readPositions(roomId, ids);
    return page.map((member) => ({ ...member, read: readUpTo(stored.get(member.id), marks.get(member.id)) }));
  }

  async #act(
    caller: Caller,
    roomId: number,
    userId: number,
    act: (scene: Scene) => Promise<void>,
  ): Promise<RoomMember> {
    await this.#change(caller, roomId, userId, act);
    const member = await this.parts.members.find(roomId, userId);
    if (member === undefined) throw new Refusal('member_not_found');
    return member;
  }

  async #change(
    caller: Caller,
    roomId: number,
    userId: number,
    act: (scene: Scene) => Promise<void>,
  ): Promise<void> {
    const { changes, access, outbox } = this.parts;
    const user = authorOf(caller);
    // Locks no room of which the user may know nothing.
    await access.visible(caller, roomId);
    await changes.inRoom(roomId, async (room) => {
      if (room === undefined) throw new Refusal('room_not_found');
      const { role } = access.withRole({ ...room.room, role: await room.roleOf(caller.user?.id) });
      const before = userId === user.id ? role : await room.roleOf(userId);
      await act({ caller, user, role, room, before });
    });
    await outbox.deliver(roomId);
  }

  /** @throws {Refusal} 404 there is no such user */
  async #member(room: RoomTransaction, userId: number, actor: Member): Promise<Member> {
    const user = await room.user(userId);
    if (user !== undefined) return user;
    if (userId === actor.id) return { id: userId, username: actor.username };
    if (!this.parts.accountsElsewhere) throw new Refusal('user_not_found');
    return { id: userId, username: `user ${userId}` };
  }
}

/** @throws {Refusal} 400, 403 or 404, see {@link demand} */
function demandIn({ caller, room, role }: Scene, action: RoomAction): void {
  demand(action, { kind: room.room.kind, role }, caller);
}

function actionOfPut(scene: Scene, userId: number, role: RoomRole): RoomAction {
  const { before, user } = scene;
  if (before === 'none') {
    if (role !== 'member') return 'manageRoles';
    return userId === user.id ? 'follow' : 'addMember';
  }
  return userId === user.id && isLower(role, before) ? 'leave' : 'manageRoles';
}

/** What acting on a user takes: on oneself, on a member, or on a moderator or owner. */
function actionOn({ before, user }: Scene, userId: number, own: RoomAction, other: RoomAction): RoomAction {
  if (userId === user.id && own === 'leave') return own;
  return isLower('member', before) ? 'manageRoles' : other;
}

const isLower = (role: RoleOrNone, than: RoleOrNone): boolean =>
  ROLES_OR_NONE.indexOf(role) < ROLES_OR_NONE.indexOf(than);

/** @throws {Refusal} 409 the user is the only owner */
async function keepAnOwner({ room, before }: Scene, userId: number): Promise<void> {
  if (before === 'owner' && !(await room.hasOtherOwner(userId))) throw new Refusal('last_owner');
}

/** Returns the position up to which a member has read, by the stored one and a mark that is not stored. */
function readUpTo(stored: Position | undefined, mark: ReadMark | undefined): Position | undefined {
  if (stored === undefined || mark === undefined) return stored;
  const replaced = mark.unreadAt !== undefined && !isAfter(stored, mark.unreadAt);
  return replaced || isAfter(mark, stored) ? mark : stored;
}
