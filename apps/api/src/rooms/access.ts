import type { AuthMode } from '@chorus/auth';
import {
  ACCESS,
  accessTo,
  keyAccessTo,
  leastFor,
  type Member,
  Refusal,
  type RoleOrNone,
  type RoomAction,
  type RoomKind,
} from '@chorus/protocol';
import type { ApiKey, Caller } from '../keys/api-key.js';
import { scopeRequired } from '../keys/require-scope.js';
import type { ReadableRoom, RoomOfUser, RoomRepository } from './repository.js';

/**
 * Refuses what the table of access does not allow.
 * @throws {Refusal} 404 for a room that must look as if it did not exist; 400 for a key that must act as a user; otherwise 403
 */
export function demand(
  action: RoomAction,
  { kind, role }: { kind: RoomKind; role: RoleOrNone },
  { user, key }: Caller,
): void {
  if (key !== undefined) {
    demandOfKey(action, kind, key, user === undefined);
    if (user === undefined) return;
  }
  const decision = accessTo(action, kind, role);
  if (decision === 'yes') return;
  if (decision === 404) throw new Refusal('room_not_found');
  if (action === 'rename' || action === 'deleteRoom') throw new Refusal('not_room_creator');
  throw new Refusal('role_required', leastFor(action, kind));
}

function demandOfKey(action: RoomAction, kind: RoomKind, { scopes }: ApiKey, alone: boolean): void {
  if (!scopes.has(ACCESS[action].scope)) throw scopeRequired(ACCESS[action].scope);
  if (!alone) return;
  const decision = keyAccessTo(action, kind, scopes);
  if (decision === 400) throw new Refusal('user_required');
  if (decision === 403) throw new Refusal('role_required', 'never');
}

/** Returns the user. @throws {Refusal} 400 for a key that acts as no user, and with `AUTH=open` if the request names none */
export function required({ user, key }: Caller): Member {
  if (user !== undefined) return user;
  if (key !== undefined) throw new Refusal('user_required');
  throw new Refusal('invalid_field', 'userId', 'is required');
}

/**
 * Returns who makes a change of a room: the user, or the application as a member with id 0 and the name of its key.
 * @throws {Refusal} 400 with `AUTH=open` if the request names no user
 */
export function authorOf(caller: Caller): Member {
  if (caller.user !== undefined || caller.key === undefined) return required(caller);
  return { id: 0, username: caller.key.name };
}

/** Finds rooms for users, by the table of access. */
export class RoomAccess {
  constructor(
    private readonly rooms: Pick<RoomRepository, 'findFor'>,
    private readonly authMode: AuthMode,
  ) {}

  /** @throws {Refusal} 404 or 403, see {@link demand} */
  async room(caller: Caller, id: number, action: RoomAction): Promise<ReadableRoom> {
    const room = await this.rooms.findFor(id, caller.user?.id);
    if (room === undefined) throw new Refusal('room_not_found');
    const found = this.withRole(room);
    demand(action, found, caller);
    return found;
  }

  /** Finds a room that the caller may know of, whatever the scopes of a key. @throws {Refusal} 404 */
  async visible({ user, key }: Caller, id: number): Promise<ReadableRoom> {
    const room = await this.rooms.findFor(id, user?.id);
    if (room === undefined) throw new Refusal('room_not_found');
    const found = this.withRole(room);
    if (key === undefined || user !== undefined) demand('read', found, { user });
    return found;
  }

  /** With `AUTH=open` a public room without a creator belongs to every user. */
  withRole<R extends RoomOfUser>(room: R): R {
    const isOpen = this.authMode === 'open' && room.createdBy === null && room.kind === 'public';
    return isOpen ? { ...room, role: 'owner' } : room;
  }
}
