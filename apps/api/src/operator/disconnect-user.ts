import type { Handler } from '../http/context.js';
import { parseInput } from '../http/input.js';
import { type OperatorServices, record } from './dependencies.js';
import { roomInput, userIdOf } from './inputs.js';

/** Ends a user's sockets, or the user's stay in one room. The user may come back at once: that is what a ban is for. */
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
