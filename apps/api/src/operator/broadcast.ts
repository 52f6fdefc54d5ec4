import type { Handler } from '../http/context.js';
import { parseInput } from '../http/input.js';
import { type OperatorServices, record } from './dependencies.js';
import { broadcastInput } from './inputs.js';

/** Sends a text to every open socket. */
export function broadcast({ directory, log }: OperatorServices): Handler {
  return async (ctx) => {
    const { content } = parseInput(broadcastInput, ctx.request.body);
    await directory.announce({ type: 'broadcast', content });
    // The log never contains texts that users see.
    record(log, ctx, 'broadcast', { length: content.length });
    ctx.status = 202;
    ctx.body = { content };
  };
}
