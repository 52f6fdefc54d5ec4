import type { RoomRole } from '../entries.js';
import type { ApiRequester, CallOptions, PageOptions, RoomMember, RoomMemberPage } from './api-types.js';
import { inQuery } from './request.js';

/** Returns one page of the users who belong to a room, present or not. @throws {ChorusError} `room_not_found` */
export function listMembers(
  api: ApiRequester,
  roomId: number,
  options?: PageOptions,
): Promise<RoomMemberPage> {
  return api.request('GET', membersPath(roomId), inQuery(options));
}

/**
 * Adds a member, or changes the role of one. Users who add themselves to a public room follow it.
 * @param role default: `member`
 * @throws {ChorusError} `role_required`, `room_not_found`, `user_not_found`, `too_many_members`, `last_owner`
 */
export function putMember(
  api: ApiRequester,
  roomId: number,
  userId: number,
  role?: RoomRole,
  options?: CallOptions,
): Promise<RoomMember> {
  return api.request('PUT', `${membersPath(roomId)}/${userId}`, { ...options, body: { role } });
}

/**
 * Removes a member. Users who remove themselves leave the room.
 * @throws {ChorusError} `role_required`, `room_not_found`, `member_not_found`, `last_owner`
 */
export async function removeMember(
  api: ApiRequester,
  roomId: number,
  userId: number,
  options?: CallOptions,
): Promise<void> {
  await api.request('DELETE', `${membersPath(roomId)}/${userId}`, options);
}

/**
 * Keeps a user from sending in a room for a time.
 * @param seconds 0 ends the mute
 * @throws {ChorusError} `role_required`, `room_not_found`, `user_not_found`, `member_not_found`
 */
export function muteMember(
  api: ApiRequester,
  roomId: number,
  userId: number,
  seconds: number,
  options?: CallOptions,
): Promise<RoomMember> {
  return api.request('PUT', `${membersPath(roomId)}/${userId}/mute`, { ...options, body: { seconds } });
}

function membersPath(roomId: number): string {
  return `/api/rooms/${roomId}/members`;
}
