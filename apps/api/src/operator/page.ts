import { pageFiles } from '@chorus/operator-page';
import type { Step } from '../http/context.js';
import { pagePolicy, TRUSTED_TYPES } from '../http/page-policy.js';

const CONTENT_SECURITY_POLICY = pagePolicy(TRUSTED_TYPES);

/** Serves the operator page without a token: it contains no secrets, and asks for the token itself. */
export function operatorPage(): Step {
  const files = new Map(pageFiles().map((file) => [file.path, file]));
  return async (ctx, next) => {
    const file = ctx.method === 'GET' || ctx.method === 'HEAD' ? files.get(ctx.path) : undefined;
    if (file === undefined) return next();
    ctx.set('Content-Security-Policy', CONTENT_SECURITY_POLICY);
    // The files of a release belong together.
    ctx.set('Cache-Control', 'no-store');
    ctx.body = file.body;
    // Koa guesses the type when the body is set, so the type is set after it.
    ctx.type = file.type;
    return undefined;
  };
}
