import { Refusal } from '@chorus/protocol';
import bodyParser from 'koa-bodyparser';
import type { Step } from '../context.js';

/** Size of the largest body of most routes, in KiB: ten times that of the largest valid request. */
const BODY_KIB = 64;

/**
 * Reads the body as JSON. Routes without a body do not use this.
 * @param maxKiB size of the largest body, in KiB
 */
export function jsonBody(maxKiB = BODY_KIB): Step {
  const parse = bodyParser({
    enableTypes: ['json'],
    // The type is checked below. The parser's own check is stricter, and it ignores a body whose type it does not accept.
    detectJSON: () => true,
    jsonLimit: `${maxKiB}kb`,
    onerror: (error) => {
      throw bodyError(error, maxKiB);
    },
  });
  return async (ctx, next) => {
    const empty = ctx.get('Transfer-Encoding') === '' && Number(ctx.get('Content-Length') || 0) === 0;
    if (!empty && !(ctx.is('application/json') && isUtf8(ctx.request.charset))) {
      throw new Refusal('body_not_json');
    }
    return parse(ctx, () => {
      // The decoder replaces invalid UTF-8 by U+FFFD. A client that sends that character itself sends damaged text.
      if (String(ctx.request.rawBody ?? '').includes('\ufffd')) throw new Refusal('invalid_utf8');
      return next();
    });
  };
}

const isUtf8 = (charset: string): boolean => charset === '' || /^utf-?8$/i.test(charset);

/** The parser's own errors contain the body, so they must not be logged. */
function bodyError(error: Error, maxKiB: number): Refusal {
  const status = 'status' in error ? error.status : undefined;
  switch (status) {
    case 413:
      // Closes the connection: reusing it would require reading the rest of the body.
      return new Refusal('body_too_large', maxKiB).with({ Connection: 'close' });
    case 415:
      return new Refusal('unsupported_encoding');
    default:
      return new Refusal('invalid_json');
  }
}
