import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import type { Step } from '../http/context.js';
import { pagePolicy } from '../http/page-policy.js';

/** The library's style sheet has its images as `data:` URLs; a policy does not apply to styles set by scripts. */
const CONTENT_SECURITY_POLICY = pagePolicy({ 'img-src': "'self' data:" });

const JAVASCRIPT = 'text/javascript; charset=utf-8';
const CSS = 'text/css; charset=utf-8';

const ours = (file: string): URL => new URL(`../../static/document-page/${file}`, import.meta.url);
const { resolve } = createRequire(import.meta.url);

/** Every file of the page, by its path. */
const FILES: ReadonlyMap<string, { readonly file: string | URL; readonly type: string }> = new Map([
  ['/api/docs', { file: ours('index.html'), type: 'text/html; charset=utf-8' }],
  ['/api/docs/page.css', { file: ours('page.css'), type: CSS }],
  ['/api/docs/page.js', { file: ours('page.js'), type: JAVASCRIPT }],
  ['/api/docs/swagger-ui.css', { file: resolve('swagger-ui-dist/swagger-ui.css'), type: CSS }],
  [
    '/api/docs/swagger-ui-bundle.js',
    { file: resolve('swagger-ui-dist/swagger-ui-bundle.js'), type: JAVASCRIPT },
  ],
]);

/** Serves `/api/docs`, the page that shows `/openapi.json`. */
export function docsPage(): Step {
  // Loaded at the first request: few processes ever serve the page.
  const loaded = new Map<string, Loaded>();
  return async (ctx, next) => {
    const found = ctx.method === 'GET' || ctx.method === 'HEAD' ? FILES.get(ctx.path) : undefined;
    if (found === undefined) return next();
    const { body, etag } = loaded.get(ctx.path) ?? load(found.file);
    loaded.set(ctx.path, { body, etag });
    ctx.status = 200;
    ctx.set('Content-Security-Policy', CONTENT_SECURITY_POLICY);
    // Browsers keep the file and revalidate it at each use.
    ctx.set('Cache-Control', 'no-cache');
    ctx.set('ETag', etag);
    if (ctx.fresh) {
      ctx.status = 304;
      return undefined;
    }
    ctx.body = body;
    // Koa guesses the type when the body is set, so the type is set after it.
    ctx.type = found.type;
    return undefined;
  };
}

interface Loaded {
  readonly body: Buffer;
  readonly etag: string;
}

function load(file: string | URL): Loaded {
  const body = readFileSync(file);
  return { body, etag: `"${createHash('sha256').update(body).digest('base64url')}"` };
}
