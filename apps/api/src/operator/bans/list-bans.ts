import type { Handler } from '../../http/context.js';
import { parseInput } from '../../http/input.js';
import type { OperatorServices } from '../dependencies.js';
import { listBansInput } from '../inputs.js';
import { banJson } from './json.js';

/** Lists bans that have not ended, oldest first. */
export function listBans({ bans }: OperatorServices): Handler {
  return async (ctx) => {
    const { cursor, limit } = parseInput(listBansInput, ctx.query);
    // One more than requested shows whether there are more.
    const found = await bans.list(cursor, limit + 1);
    const page = found.slice(0, limit);
    ctx.body = {
      bans: page.map(banJson),
      nextCursor: found.length > limit ? (page.at(-1)?.id ?? null) : null,
    };
  };
}
