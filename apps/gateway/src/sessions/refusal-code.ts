import { BacklogFullError, BrokerUnavailableError, RoomNotFoundError } from '@chorus/broker';
import type { ErrorCode } from '@chorus/protocol';

/** What went wrong, as the catalogue of errors has it. */
export function refusalCode(error: unknown): ErrorCode {
  if (error instanceof RoomNotFoundError) return 'unknown_room';
  if (error instanceof BacklogFullError) return 'backlog_full';
  if (error instanceof BrokerUnavailableError) return 'unavailable';
  return 'internal';
}
