import { keyTokenId } from '@chorus/auth';
import { Refusal } from '@chorus/protocol';
import type { Handler } from '../../http/context.js';
import { parseInput } from '../../http/input.js';
import { type OperatorServices, record } from '../dependencies.js';
import { keyPath } from './inputs.js';

/**
 * Revokes an API key for good: within a second no API accepts it, its tokens are refused, and their sockets are closed. If Redis is
 * unavailable the response is 503, the key is revoked nevertheless, and repeating the request ends the tokens.
 */
export function revokeKey({ keys, sessions, log }: OperatorServices): Handler {
  return async (ctx) => {
    const { keyId } = parseInput(keyPath, ctx.params);
    if (!(await keys.revoke(keyId))) throw new Refusal('key_not_found');
    await sessions.end(keyTokenId(keyId));
    record(log, ctx, 'revoke key', { keyId });
    ctx.status = 204;
  };
}
