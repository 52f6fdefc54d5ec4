import { pageFiles } from '@chorus/operator-page';
import type { Step } from '../http/context.js';

/**
 * The page may load its own files and ask its own host, and nothing else; no string of its becomes markup or script,
 * whatever a room is called, and no other page may frame it.
 */
const CONTENT_SECURITY_POLICY = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "img-src 'self'",
  "connect-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
  "require-trusted-types-for 'script'",
  "trusted-types 'none'",
].join('; ');

/** Serves the operator page to anybody who reaches the port: it has nothing to hide, and asks for the token itself. */
export function operatorPage(): Step {
  const files = new Map(pageFiles().map((file) => [file.path, file]));
  return async (ctx, next) => {
    const file = ctx.method === 'GET' || ctx.method === 'HEAD' ? files.get(ctx.path) : undefined;
    if (file === undefined) return next();
    ctx.set('Content-Security-Policy', CONTENT_SECURITY_POLICY);
    // With each release the files belong together.
    ctx.set('Cache-Control', 'no-store');
    ctx.body = file.body;
    // Koa guesses the type when it is given a body.
    ctx.type = file.type;
    return undefined;
  };
}
