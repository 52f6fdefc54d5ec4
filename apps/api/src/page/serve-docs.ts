import type { Step } from '../http/context.js';
import { pagePolicy, TRUSTED_TYPES } from '../http/page-policy.js';
import { readFiles } from './files.js';
import { ServedFiles } from './served-files.js';

const AT = '/docs';
const CONTENT_SECURITY_POLICY = pagePolicy(TRUSTED_TYPES);

/**
 * Serves the documentation that was built into a folder, at `/docs/`. Unknown paths below it get the site's own page
 * with status 404. Passes every other path on.
 * @throws {ConfigError} the folder contains no site
 */
export function serveDocs(folder: string): Step {
  const files = new ServedFiles(readFiles(folder, 'DOCS_DIR'), CONTENT_SECURITY_POLICY);
  return async (ctx, next) => {
    const isRead = ctx.method === 'GET' || ctx.method === 'HEAD';
    if (!isRead || !(ctx.path === AT || ctx.path.startsWith(`${AT}/`))) return next();
    ctx._matchedRoute = `${AT}/*`;
    if (ctx.path === AT) {
      // Relative, so that it holds behind a proxy that serves Chorus below a path.
      ctx.status = 308;
      ctx.set('Location', 'docs/');
      ctx.set('Cache-Control', 'no-cache');
      return undefined;
    }
    // The pages lead to the index by its name, because plain files may be served by any server.
    const path = ctx.path === `${AT}/index.html` ? '/' : ctx.path.slice(AT.length);
    if (files.send(ctx, path) || files.send(ctx, '/404.html', 404)) return undefined;
    return next();
  };
}
