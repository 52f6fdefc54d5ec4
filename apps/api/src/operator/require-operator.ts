import { createHash, timingSafeEqual } from 'node:crypto';
import { Refusal } from '@chorus/protocol';
import type { Step } from '../http/context.js';

/** Admits only requests with the operator's token, whatever their path; none if there is no token. */
export function requireOperator(token: string | undefined): Step {
  if (token === undefined) return refuseAll;
  const expected = digest(token);
  return (ctx, next) => {
    const given = /^bearer +(\S+) *$/i.exec(ctx.get('Authorization'))?.[1];
    // Digests have one length, so that every comparison takes equally long.
    if (given === undefined || !timingSafeEqual(digest(given), expected)) {
      throw new Refusal('unauthenticated', given === undefined ? 'operatorMissing' : 'operatorInvalid');
    }
    return next();
  };
}

const refuseAll: Step = () => {
  throw new Refusal('operators_disabled');
};

function digest(text: string): Buffer {
  return createHash('sha256').update(text).digest();
}
