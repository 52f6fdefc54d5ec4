import { createHash } from 'node:crypto';
import { extname } from 'node:path';
import type { Step } from '../http/context.js';
import { pagePolicy, TRUSTED_TYPES } from '../http/page-policy.js';
import { type PageFile, readPage } from './files.js';

/** Files here are named after their content, so they never become stale. */
const HASHED = '/assets/';
/** In order of preference: smallest first. */
const ENCODINGS = ['br', 'gzip'] as const;
const FOR_EVER = 'public, max-age=31536000, immutable';

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
  const files = new Map(readPage(folder).map((file) => [file.path, { ...file, tag: tagOf(file) }]));
  const standIns = new Map(
    [...files.values()].flatMap((file) => {
      const role = roleOf(file.path);
      return role === '' ? [] : [[role, file] as const];
    }),
  );
  return async (ctx, next) => {
    const isRead = ctx.method === 'GET' || ctx.method === 'HEAD';
    const named = isRead ? files.get(ctx.path) : undefined;
    const file = named ?? (isRead ? standIns.get(roleOf(ctx.path)) : undefined);
    if (file === undefined) return next();
    const { path, tag } = file;
    const hashed = path.startsWith(HASHED);
    // For logs and metrics: few patterns, as of any other route.
    ctx._matchedRoute = hashed ? `${HASHED}*` : path;
    ctx.vary('Accept-Encoding');
    ctx.set('Cache-Control', hashed && named !== undefined ? FOR_EVER : 'no-cache');
    ctx.set('ETag', tag);
    ctx.set('Content-Security-Policy', policy);
    ctx.status = 200;
    if (ctx.fresh) {
      ctx.status = 304;
      return undefined;
    }
    // The server chooses: browsers list the encodings in no meaningful order.
    const encoding = ENCODINGS.find(
      (name) => file[name] !== undefined && ctx.acceptsEncodings(name) === name,
    );
    if (encoding !== undefined) ctx.set('Content-Encoding', encoding);
    ctx.body = file[encoding ?? 'identity'];
    // Koa guesses the type when the body is set, so the type is set after it.
    ctx.type = path === '/' ? 'html' : extname(path);
    return undefined;
  };
}

/**
 * Returns the role of a hashed file: its path without the hash; empty for any other file.
 * During a rollout a balancer sends the requests of one page to replicas of two versions. A request for a file of the
 * other version gets the file with its role in this version, not cached under that name: a page of mixed versions
 * works, and the next load is of one version.
 */
function roleOf(path: string): string {
  const [, name, type] = /^\/assets\/([\w.-]+)-[\w-]{8}(\.\w+)$/.exec(path) ?? [];
  return name === undefined ? '' : `${name}${type}`;
}

/** Weak: it stands for the file in any encoding. */
function tagOf({ identity }: PageFile): string {
  return `W/"${createHash('sha256').update(identity).digest('base64url').slice(0, 22)}"`;
}
