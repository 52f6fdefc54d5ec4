import type { Handler } from '../../http/context.js';
import { parseInput } from '../../http/input.js';
import { type OperatorServices, record } from '../dependencies.js';
import { roomInput, userIdOf } from '../inputs.js';

/** Ends exactly the ban that is named: that of a room or that of everything. */
export function liftBan({ bans, log }: OperatorServices): Handler {
  return async (ctx) => {
    const userId = userIdOf(ctx);
    const { roomId } = parseInput(roomInput, ctx.query);
    await bans.lift({ userId, roomId });
    record(log, ctx, 'lift ban', { userId, roomId });
    ctx.status = 204;
  };
}
