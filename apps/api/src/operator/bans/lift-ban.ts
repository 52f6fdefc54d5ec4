import type { Handler } from '../../http/context.js';
import { parseInput } from '../../http/input.js';
import { type OperatorServices, record } from '../dependencies.js';
import { roomInput, userIdOf } from '../inputs.js';

/** Lifts exactly the requested ban: from one room or from everything. */
export function liftBan({ bans, log }: OperatorServices): Handler {
  return async (ctx) => {
    const userId = userIdOf(ctx);
    const { roomId } = parseInput(roomInput, ctx.query);
    await bans.lift({ userId, roomId });
    record(log, ctx, 'lift ban', { userId, roomId });
    ctx.status = 204;
  };
}
