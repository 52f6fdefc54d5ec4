import { BacklogFullError, RoomNotFoundError } from '@chorus/broker';
import type { ErrorCode } from '@chorus/protocol';
import { UnavailableError } from '@chorus/redis';

/** Why a request that is valid can fail. */
export type FailureCode = Extract<ErrorCode, 'room_not_found' | 'backlog_full' | 'unavailable' | 'internal'>;

/** The code of the catalogue for what went wrong. */
export function refusalCode(error: unknown): FailureCode {
  if (error instanceof RoomNotFoundError) return 'room_not_found';
  if (error instanceof BacklogFullError) return 'backlog_full';
  if (error instanceof UnavailableError) return 'unavailable';
  return 'internal';
}
