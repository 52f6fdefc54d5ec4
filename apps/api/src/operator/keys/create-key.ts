import { generateKey } from '@chorus/auth';
import { Refusal } from '@chorus/protocol';
import type { Handler } from '../../http/context.js';
import { parseInput } from '../../http/input.js';
import type { StoredKey } from '../../keys/key-repository.js';
import { createOnceForOperator } from '../create-once.js';
import { type OperatorServices, record } from '../dependencies.js';
import { newKeyInput } from './inputs.js';
import { keyJson } from './json.js';

/** Creates an API key. The answer is the only one that has the key itself. */
export function createKey({ keys, answers, log }: OperatorServices): Handler {
  return async (ctx) => {
    const fields = parseInput(newKeyInput, ctx.request.body);
    await createOnceForOperator(ctx, answers, { operation: 'createKey', input: fields }, async (once) => {
      const { id, secretHash, text } = generateKey();
      const remember = once?.remember((key: StoredKey) => ({ createdId: key.id }));
      const key = await keys.create({ ...fields, id, secretHash: Uint8Array.from(secretHash) }, remember);
      if (key === undefined) throw new Refusal('user_not_found');
      record(log, ctx, 'create key', { keyId: id, scopes: key.scopes, botId: key.botId });
      return { ...keyJson(key), key: text };
    });
  };
}
