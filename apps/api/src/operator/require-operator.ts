import { createHash, timingSafeEqual } from 'node:crypto';
import type { Step } from '../http/context.js';
import { HttpError } from '../http/error.js';

/** Lets only requests with the operator's token pass, whatever their path; none when there is no token. */
export function requireOperator(token: string | undefined): Step {
  if (token === undefined) return nobody;
  const expected = digest(token);
  return (ctx, next) => {
    const given = /^bearer +(\S+) *$/i.exec(ctx.get('Authorization'))?.[1];
    // Digests are of one length, so that comparing takes as long for every guess.
    if (given === undefined || !timingSafeEqual(digest(given), expected)) {
      const error =
        given === undefined ? 'the operator token is required' : 'the operator token is not valid';
      throw new HttpError(401, error, { 'WWW-Authenticate': 'Bearer' });
    }
    return next();
  };
}

const nobody: Step = () => {
  throw new HttpError(403, 'there is no operator API here: OPERATOR_TOKEN is not set');
};

function digest(text: string): Buffer {
  return createHash('sha256').update(text).digest();
}
