import { BacklogFullError, BrokerUnavailableError, RoomNotFoundError } from '@chorus/broker';
import type { ErrorCode } from '@chorus/protocol';

/** How a `chorus.v1` client is told what went wrong. */
export function refusalCode(error: unknown): ErrorCode {
  if (error instanceof RoomNotFoundError) return 'unknown_room';
  if (error instanceof BacklogFullError) return 'backlog_full';
  if (error instanceof BrokerUnavailableError) return 'unavailable';
  return 'internal';
}
