import { Refusal } from '@chorus/protocol';
import type { Handler } from '../../http/context.js';
import { parseInput } from '../../http/input.js';
import { type OperatorServices, record } from '../dependencies.js';
import { keyPath } from './inputs.js';

/** Revokes an API key for good: within a second no API accepts it. */
export function revokeKey({ keys, log }: OperatorServices): Handler {
  return async (ctx) => {
    const { keyId } = parseInput(keyPath, ctx.params);
    if (!(await keys.revoke(keyId))) throw new Refusal('key_not_found');
    record(log, ctx, 'revoke key', { keyId });
    ctx.status = 204;
  };
}
