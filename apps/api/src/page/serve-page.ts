import type { Step } from '../http/context.js';
import { pagePolicy, TRUSTED_TYPES } from '../http/page-policy.js';
import { readFiles } from './files.js';
import { isHashed, ServedFiles } from './served-files.js';

/**
 * Serves the chat page that was built into a folder: `/` and the files that it loads. Passes every other path on.
 * @param connectsTo other origins to which the page sends requests
 * @throws {ConfigError} the folder contains no page
 */
export function servePage(folder: string, connectsTo: readonly string[] = []): Step {
  const policy = pagePolicy({
    'form-action': "'self'",
    'connect-src': ["'self'", ...connectsTo].join(' '),
    ...TRUSTED_TYPES,
  });
  const files = new ServedFiles(readFiles(folder, 'WEB_DIR'), policy);
  return async (ctx, next) => {
    const isRead = ctx.method === 'GET' || ctx.method === 'HEAD';
    if (!isRead || !files.send(ctx, ctx.path)) return next();
    // For logs and metrics: few patterns, as of any other route.
    ctx._matchedRoute = isHashed(ctx.path) ? '/assets/*' : ctx.path;
    return undefined;
  };
}
