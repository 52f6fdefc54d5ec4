import type { Handler } from '../../http/context.js';
import { parseInput } from '../../http/input.js';
import type { OperatorServices } from '../dependencies.js';
import { listKeysInput } from './inputs.js';
import { keyJson } from './json.js';

/** Lists all API keys by id, also revoked ones. */
export function listKeys({ keys }: OperatorServices): Handler {
  return async (ctx) => {
    const { cursor = '', limit } = parseInput(listKeysInput, ctx.query);
    // One more than requested shows whether there are more.
    const found = await keys.list(cursor, limit + 1);
    const page = found.slice(0, limit);
    ctx.body = {
      keys: page.map(keyJson),
      nextCursor: found.length > limit ? (page.at(-1)?.id ?? null) : null,
    };
  };
}
