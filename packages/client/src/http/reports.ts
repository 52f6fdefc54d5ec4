import { formatPosition, type Position } from '@chorus/protocol/constants';
import type { ApiRequester, CallOptions, PageOptions, Report, ReportPage } from './api-types.js';
import { inQuery, messagesPath } from './request.js';

/**
 * Reports a message to the moderators of the room. A user has one report of a message: a further one replaces the reason.
 * @param message the message, or its position
 * @throws {ChorusError} `room_not_found`, `message_not_found`, `message_deleted`
 */
export function reportMessage(
  api: ApiRequester,
  roomId: number,
  message: Position,
  reason: string,
  options?: CallOptions,
): Promise<Report> {
  const path = `${messagesPath(roomId)}/${formatPosition(message)}/report`;
  return api.request('POST', path, { ...options, body: { reason } });
}

/** Returns one page of the reports of a room, for moderators and owners. @throws {ChorusError} `role_required`, `room_not_found` */
export function listReports(api: ApiRequester, roomId: number, options?: PageOptions): Promise<ReportPage> {
  return api.request('GET', `/api/rooms/${roomId}/reports`, inQuery(options));
}
