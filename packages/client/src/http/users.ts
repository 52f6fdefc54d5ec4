import type { ApiRequester, CallOptions, RoomInfo, ShownUser } from './api-types.js';
import { inQuery } from './request.js';

/**
 * Finds users by the beginning of their names, whatever their case.
 * @param search 2 to 64 characters
 * @returns up to 20 users in the order of their names
 */
export async function findUsers(
  api: ApiRequester,
  search: string,
  options?: CallOptions,
): Promise<readonly ShownUser[]> {
  const query = { search, ...options };
  const { users } = await api.request<{ users: readonly ShownUser[] }>('GET', '/api/users', inQuery(query));
  return users;
}

/**
 * Finds or creates the direct room of the user and others: there is one for each set of users.
 * @param userIds the others
 * @throws {ChorusError} `user_not_found`
 */
export function openDirectRoom(
  api: ApiRequester,
  userIds: readonly number[],
  options?: CallOptions,
): Promise<RoomInfo> {
  return api.request('POST', '/api/direct', { ...options, body: { userIds } });
}
