import { createHash } from 'node:crypto';
import { extname } from 'node:path';
import type { Step } from '../http/context.js';
import { pagePolicy, TRUSTED_TYPES } from '../http/page-policy.js';
import { type PageFile, readPage } from './page-files.js';

const CONTENT_SECURITY_POLICY = pagePolicy({ 'form-action': "'self'", ...TRUSTED_TYPES });

/** Named after what is in them, so what was read under such a name is never out of date. */
const HASHED = '/assets/';
/** The smallest first. */
const ENCODINGS = ['br', 'gzip'] as const;
const FOR_EVER = 'public, max-age=31536000, immutable';

/**
 * Serves the chat page that was built into a folder: `/` and the files that it loads. Every other path is left alone.
 * @throws {ConfigError} there is no page in the folder
 */
export function servePage(folder: string): Step {
  const files = new Map(readPage(folder).map((file) => [file.path, { ...file, tag: tagOf(file) }]));
  return async (ctx, next) => {
    const file = ctx.method === 'GET' || ctx.method === 'HEAD' ? files.get(ctx.path) : undefined;
    if (file === undefined) return next();
    const { path, tag } = file;
    const hashed = path.startsWith(HASHED);
    // For logs and metrics: few patterns, as of any other route.
    ctx._matchedRoute = hashed ? `${HASHED}*` : path;
    ctx.vary('Accept-Encoding');
    ctx.set('Cache-Control', hashed ? FOR_EVER : 'no-cache');
    ctx.set('ETag', tag);
    ctx.set('Content-Security-Policy', CONTENT_SECURITY_POLICY);
    ctx.status = 200;
    if (ctx.fresh) {
      ctx.status = 304;
      return undefined;
    }
    // Ours to choose among those that the browser takes: it lists them in no order that means something.
    const encoding = ENCODINGS.find(
      (name) => file[name] !== undefined && ctx.acceptsEncodings(name) === name,
    );
    if (encoding !== undefined) ctx.set('Content-Encoding', encoding);
    ctx.body = file[encoding ?? 'identity'];
    // Koa guesses the type when it is given a body.
    ctx.type = path === '/' ? 'html' : extname(path);
    return undefined;
  };
}

/** Weak: it stands for the file in any encoding. */
function tagOf({ identity }: PageFile): string {
  return `W/"${createHash('sha256').update(identity).digest('base64url').slice(0, 22)}"`;
}
