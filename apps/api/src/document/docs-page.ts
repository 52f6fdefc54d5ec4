import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import type { Step } from '../http/context.js';
import { pagePolicy } from '../http/page-policy.js';

/** What the library draws is in its style sheet as `data:` images; the styles that it sets from scripts are no matter of a policy. */
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

/** Serves the page that shows `/openapi.json`, `/api/docs`. */
export function docsPage(): Step {
  // Read when the page is first asked for: few processes ever serve it.
  const loaded = new Map<string, Loaded>();
  return async (ctx, next) => {
    const found = ctx.method === 'GET' || ctx.method === 'HEAD' ? FILES.get(ctx.path) : undefined;
    if (found === undefined) return next();
    const { body, etag } = loaded.get(ctx.path) ?? load(found.file);
    loaded.set(ctx.path, { body, etag });
    ctx.status = 200;
    ctx.set('Content-Security-Policy', CONTENT_SECURITY_POLICY);
    // Kept by browsers, which ask each time whether it is still the right one.
    ctx.set('Cache-Control', 'no-cache');
    ctx.set('ETag', etag);
    if (ctx.fresh) {
      ctx.status = 304;
      return undefined;
    }
    ctx.body = body;
    // Koa guesses the type when it is given a body.
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
