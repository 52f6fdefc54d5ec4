import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import type { Step } from '../http/context.js';

/** One file of a page. */
export interface StaticFile {
  readonly file: string | URL;
  /** `Content-Type`. */
  readonly type: string;
}

export const HTML = 'text/html; charset=utf-8';
export const JAVASCRIPT = 'text/javascript; charset=utf-8';
export const CSS = 'text/css; charset=utf-8';

/**
 * Serves a page that comes with the API. Passes every other path on.
 * @param files every file by its path
 * @param policy Content-Security-Policy of all files
 */
export function staticPage(files: ReadonlyMap<string, StaticFile>, policy: string): Step {
  // Loaded at the first request: few processes ever serve the page.
  const loaded = new Map<string, Loaded>();
  return async (ctx, next) => {
    const found = ctx.method === 'GET' || ctx.method === 'HEAD' ? files.get(ctx.path) : undefined;
    if (found === undefined) return next();
    const { body, etag } = loaded.get(ctx.path) ?? load(found.file);
    loaded.set(ctx.path, { body, etag });
    ctx.status = 200;
    ctx.set('Content-Security-Policy', policy);
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
