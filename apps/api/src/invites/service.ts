import { randomBytes } from 'node:crypto';
import { type AccessList, requireAccess } from '@chorus/control';
import { Refusal } from '@chorus/protocol';
import type { Remember } from '../idempotency/remember.js';
import type { Caller } from '../keys/api-key.js';
import type { RoomChanges } from '../members/room-changes.js';
import { RoomTransaction } from '../members/room-transaction.js';
import type { MemberService } from '../members/service.js';
import type { Outbox } from '../outbox/outbox.js';
import { authorOf, type RoomAccess, required } from '../rooms/access.js';
import type { RoomOfUser } from '../rooms/repository.js';
import type { Invite, InviteRepository, NewInvite } from './repository.js';

/** Bytes of a code: as many as cannot be guessed. */
const CODE_BYTES = 16;

export interface InviteServiceParts {
  readonly invites: InviteRepository;
  readonly changes: RoomChanges;
  readonly members: Pick<MemberService, 'add'>;
  readonly rooms: RoomAccess;
  readonly access: Pick<AccessList, 'check'>;
  readonly outbox: Pick<Outbox, 'deliver'>;
  readonly maxInvites: number;
}

/** Invitations by link: a user with the code may become a member. */
export class InviteService {
  constructor(private readonly parts: InviteServiceParts) {}

  /** @throws {Refusal} 403 or 404 */
  async create(
    caller: Caller,
    roomId: number,
    { seconds, maxUses }: Pick<NewInvite, 'seconds' | 'maxUses'>,
    remember?: Remember<Invite>,
  ): Promise<Invite> {
    const { invites, rooms, maxInvites } = this.parts;
    const { id: createdBy } = authorOf(caller);
    await rooms.room(caller, roomId, 'invite');
    await invites.removeEnded(roomId);
    if ((await invites.count(roomId)) >= maxInvites) throw new Refusal('too_many_invites', maxInvites);
    const code = randomBytes(CODE_BYTES).toString('base64url');
    const invite = await invites.add({ code, roomId, createdBy, seconds, maxUses }, remember);
    if (invite === undefined) throw new Refusal('room_not_found');
    return invite;
  }

  /**
   * Returns the open invitations of a room, codes included: users who may see them may also create others.
   * @param after only codes after this one
   * @throws {Refusal} 403 or 404
   */
  async list(caller: Caller, roomId: number, after = '', limit: number): Promise<Invite[]> {
    await this.parts.rooms.room(caller, roomId, 'invite');
    return this.parts.invites.open(roomId, after, limit);
  }

  /** @throws {Refusal} 403 or 404 */
  async revoke(caller: Caller, roomId: number, code: string): Promise<void> {
    await this.parts.rooms.room(caller, roomId, 'invite');
    if (!(await this.parts.invites.remove(roomId, code))) throw new Refusal('invite_not_found');
  }

  /**
   * Makes the user a member. A user who is one already uses nothing up.
   * @throws {Refusal} 403 for a user who is banned from the room, or a full room; 404 for an unknown or ended invitation
   */
  async accept(caller: Caller, code: string): Promise<RoomOfUser> {
    const { invites, changes, members, rooms, access, outbox } = this.parts;
    const user = required(caller);
    const roomId = await invites.roomOf(code);
    if (roomId === undefined) throw new Refusal('invite_not_found');
    const [verdict] = await access.check([{ userId: user.id, roomId }]);
    requireAccess(verdict);
    await changes.transaction(async (tx) => {
      const room = await RoomTransaction.lock(tx, roomId);
      if (room === undefined) throw new Refusal('invite_not_found');
      if ((await room.roleOf(user.id)) !== 'none') return;
      if (!(await invites.use(tx, code))) throw new Refusal('invite_not_found');
      await members.add(room, user, user);
    });
    await outbox.deliver(roomId);
    return rooms.visible(caller, roomId);
  }
}
