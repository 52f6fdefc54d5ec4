import { BacklogFullError, RoomNotFoundError } from '@chorus/broker';
import type { ErrorCode } from '@chorus/protocol';
import { UnavailableError } from '@chorus/redis';

/** What went wrong, as the catalogue of errors has it. */
export function refusalCode(error: unknown): ErrorCode {
  if (error instanceof RoomNotFoundError) return 'unknown_room';
  if (error instanceof BacklogFullError) return 'backlog_full';
  if (error instanceof UnavailableError) return 'unavailable';
  return 'internal';
}
