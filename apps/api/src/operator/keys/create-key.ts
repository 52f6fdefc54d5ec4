import { generateKey } from '@chorus/auth';
import { Refusal } from '@chorus/protocol';
import type { Handler } from '../../http/context.js';
import { parseInput } from '../../http/input.js';
import { type OperatorServices, record } from '../dependencies.js';
import { newKeyInput } from './inputs.js';
import { keyJson } from './json.js';

/** Creates an API key. The answer is the only one that has the key itself. */
export function createKey({ keys, log }: OperatorServices): Handler {
  return async (ctx) => {
    const fields = parseInput(newKeyInput, ctx.request.body);
    const { id, secretHash, text } = generateKey();
    const key = await keys.create({ ...fields, id, secretHash: Uint8Array.from(secretHash) });
    if (key === undefined) throw new Refusal('user_not_found');
    record(log, ctx, 'create key', { keyId: id, scopes: key.scopes, botId: key.botId });
    ctx.status = 201;
    ctx.body = { ...keyJson(key), key: text };
  };
}
