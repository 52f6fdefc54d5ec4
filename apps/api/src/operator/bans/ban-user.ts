import type { Handler } from '../../http/context.js';
import { parseInput } from '../../http/input.js';
import { type OperatorServices, record } from '../dependencies.js';
import { banInput, userIdOf } from '../inputs.js';
import { banJson } from './json.js';

/**
 * Bans a user from everything or from one room, or changes the existing ban, and ends the affected sockets. When the
 * gateways cannot be notified the response is 503 although the ban is stored; repeating the request notifies them.
 */
export function banUser({ bans, log }: OperatorServices): Handler {
  return async (ctx) => {
    const userId = userIdOf(ctx);
    const { roomId, until, reason } = parseInput(banInput, ctx.request.body);
    const ban = await bans.ban({ userId, roomId, until, reason });
    record(log, ctx, 'ban', { userId, roomId, until, reason });
    await bans.endSockets(ban);
    ctx.body = banJson(ban);
  };
}
