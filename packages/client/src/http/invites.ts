import type {
  ApiRequester,
  CallOptions,
  Invite,
  InvitePage,
  InvitePageOptions,
  NewInvite,
  RoomInfo,
} from './api-types.js';
import { inQuery } from './request.js';

/** Creates an invitation to a room. @throws {ChorusError} `role_required`, `room_not_found`, `too_many_invites` */
export function createInvite(
  api: ApiRequester,
  roomId: number,
  input: NewInvite = {},
  options?: CallOptions,
): Promise<Invite> {
  return api.request('POST', `/api/rooms/${roomId}/invites`, { ...options, body: input });
}

/**
 * Returns one page of the open invitations to a room.
 * @throws {ChorusError} `role_required`, `room_not_found`
 */
export function listInvites(
  api: ApiRequester,
  roomId: number,
  options?: InvitePageOptions,
): Promise<InvitePage> {
  return api.request('GET', `/api/rooms/${roomId}/invites`, inQuery(options));
}

/**
 * Revokes an invitation. Users who have accepted it stay members.
 * @throws {ChorusError} `role_required`, `room_not_found`, `invite_not_found`
 */
export async function revokeInvite(
  api: ApiRequester,
  roomId: number,
  code: string,
  options?: CallOptions,
): Promise<void> {
  await api.request('DELETE', `/api/rooms/${roomId}/invites/${encodeURIComponent(code)}`, options);
}

/**
 * Makes the user a member of the room of an invitation.
 * @throws {ChorusError} `invite_not_found` if it does not exist or has ended, `too_many_members`, `banned`
 */
export function acceptInvite(api: ApiRequester, code: string, options?: CallOptions): Promise<RoomInfo> {
  return api.request('POST', `/api/invites/${encodeURIComponent(code)}/accept`, options);
}
