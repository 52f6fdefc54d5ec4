import type { Handler } from '../../http/context.js';
import { parseInput } from '../../http/input.js';
import { type OperatorServices, record } from '../dependencies.js';
import { roomInput, userIdOf } from '../inputs.js';

/**
 * Closes a user's sockets, or removes the user from one room. The user may reconnect at once; a ban prevents that.
 */
export function disconnectUser({ directory, log }: OperatorServices): Handler {
  return async (ctx) => {
    const userId = userIdOf(ctx);
    const { roomId } = parseInput(roomInput, ctx.request.body);
    await directory.announce({ type: 'user-disconnected', userId, roomId });
    record(log, ctx, 'disconnect', { userId, roomId });
    ctx.status = 202;
    ctx.body = { userId, roomId: roomId ?? null };
  };
}
