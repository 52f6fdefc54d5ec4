import bodyParser from 'koa-bodyparser';
import type { Step } from './context.js';
import { HttpError } from './error.js';

/** Ten times what the largest request needs. */
const MAX_BODY_KIB = 64;

/** Reads the body as JSON. A route that wants none does not use this. */
export function jsonBody(): Step {
  const parse = bodyParser({
    enableTypes: ['json'],
    jsonLimit: `${MAX_BODY_KIB}kb`,
    onerror: (error) => {
      throw bodyError(error);
    },
  });
  return async (ctx, next) => {
    const empty = ctx.get('Transfer-Encoding') === '' && Number(ctx.get('Content-Length') || 0) === 0;
    if (!empty && !(ctx.is('application/json') && isUtf8(ctx.request.charset))) {
      throw new HttpError(415, 'the body must be JSON: send Content-Type: application/json');
    }
    return parse(ctx, () => {
      // The decoder writes U+FFFD for invalid UTF-8. As a character it only ever marks damaged text.
      if (String(ctx.request.rawBody ?? '').includes('\ufffd'))
        throw new HttpError(400, 'the body is not valid UTF-8');
      return next();
    });
  };
}

const isUtf8 = (charset: string): boolean => charset === '' || /^utf-?8$/i.test(charset);

/** The parser's own errors carry the body, so none of them goes any further. */
function bodyError(error: Error): HttpError {
  const status = 'status' in error ? error.status : undefined;
  switch (status) {
    case 413:
      // What was not read would otherwise have to be, to find the connection's next request.
      return new HttpError(413, `the body must not be larger than ${MAX_BODY_KIB} KiB`, {
        Connection: 'close',
      });
    case 415:
      return new HttpError(415, 'the Content-Encoding is not supported');
    default:
      return new HttpError(400, 'the body is not valid JSON');
  }
}
