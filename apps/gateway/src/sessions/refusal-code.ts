import { BacklogFullError, RoomNotFoundError } from '@chorus/broker';
import type { ErrorCode } from '@chorus/protocol';
import { UnavailableError } from '@chorus/redis';

/** Reasons for which a valid request can fail. */
export type FailureCode = Extract<ErrorCode, 'room_not_found' | 'backlog_full' | 'unavailable' | 'internal'>;

/** Code of an error in the catalogue. */
export function refusalCode(error: unknown): FailureCode {
  if (error instanceof RoomNotFoundError) return 'room_not_found';
  if (error instanceof BacklogFullError) return 'backlog_full';
  if (error instanceof UnavailableError) return 'unavailable';
  return 'internal';
}
