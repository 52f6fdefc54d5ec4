import { ChorusError } from '../chorus-error.js';
import type { LeftReason } from '../types.js';

/** Returns the error of calls that need a room that was left. @param cause why the client was closed, if not by the application */
export function leftError(
  roomId: number,
  reason: LeftReason | undefined,
  cause: ChorusError | undefined,
): ChorusError {
  const code = cause?.code ?? (reason === 'closed' ? 'closed' : 'left');
  return new ChorusError(code, `not in room ${roomId} any more: ${cause?.message ?? reason}`, false, {
    cause,
    status: cause?.status,
  });
}
