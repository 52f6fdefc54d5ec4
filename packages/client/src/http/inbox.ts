import { formatPosition, type Position } from '@chorus/protocol/constants';
import type { ApiRequester, CallOptions, InboxPage, ReadPosition } from './api-types.js';
import { inQuery } from './request.js';

/**
 * Returns one page of the inbox: the rooms of which the user is a member, by latest activity. {@link Inbox} keeps them current.
 * @param options
 * @param options.cursor `next` of the page before
 * @param options.limit largest number of rooms: 1 to 100; default: 50
 * @param options.roomId selects one room
 * @throws {ChorusError} `room_not_found` if `roomId` is given and the user is not a member
 */
export function listInbox(
  api: ApiRequester,
  options?: {
    cursor?: string | undefined;
    limit?: number | undefined;
    roomId?: number | undefined;
  } & CallOptions,
): Promise<InboxPage> {
  return api.request('GET', '/api/inbox', inQuery(options));
}

/**
 * Marks the messages of a room as read, for members. The position counts on all devices of the user.
 * @param position of the last message read, or the message; a position beyond the newest message counts as the newest
 * @param options
 * @param options.unread whether the position may move backwards, to mark the messages after it as unread
 * @throws {ChorusError} `room_not_found`, `role_required`
 */
export function markRead(
  api: ApiRequester,
  roomId: number,
  position: Position,
  { unread, signal }: { unread?: true | undefined } & CallOptions = {},
): Promise<ReadPosition> {
  const body = { position: formatPosition(position), unread };
  return api.request('PUT', `/api/rooms/${roomId}/read`, { body, signal });
}
