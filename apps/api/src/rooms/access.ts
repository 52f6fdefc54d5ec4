import type { AuthMode } from '@chorus/auth';
import {
  accessTo,
  leastFor,
  type Member,
  Refusal,
  type RoleOrNone,
  type RoomAction,
  type RoomKind,
} from '@chorus/protocol';
import type { ReadableRoom, RoomOfUser, RoomRepository } from './repository.js';

/**
 * Refuses what the table of access does not allow.
 * @throws {Refusal} 404 for a room that must look as if it did not exist, otherwise 403
 */
export function demand(action: RoomAction, { kind, role }: { kind: RoomKind; role: RoleOrNone }): void {
  const decision = accessTo(action, kind, role);
  if (decision === 'yes') return;
  if (decision === 404) throw new Refusal('room_not_found');
  if (action === 'rename' || action === 'deleteRoom') throw new Refusal('not_room_creator');
  throw new Refusal('role_required', leastFor(action, kind));
}

/** Returns the user. @throws {Refusal} 400 with `AUTH=open` if the request names no user */
export function required(user: Member | undefined): Member {
  if (user === undefined) throw new Refusal('invalid_field', 'userId', 'is required');
  return user;
}

/** Finds rooms for users, by the table of access. */
export class RoomAccess {
  constructor(
    private readonly rooms: Pick<RoomRepository, 'findFor'>,
    private readonly authMode: AuthMode,
  ) {}

  /** @throws {Refusal} 404 or 403, see {@link demand} */
  async room(user: Member | undefined, id: number, action: RoomAction): Promise<ReadableRoom> {
    const room = await this.rooms.findFor(id, user?.id);
    if (room === undefined) throw new Refusal('room_not_found');
    const found = this.withRole(room);
    demand(action, found);
    return found;
  }

  /** With `AUTH=open` a public room without a creator belongs to every user. */
  withRole<R extends RoomOfUser>(room: R): R {
    const isOpen = this.authMode === 'open' && room.createdBy === null && room.kind === 'public';
    return isOpen ? { ...room, role: 'owner' } : room;
  }
}
