import { createHash } from 'node:crypto';
import { extname } from 'node:path';
import type { Context } from '../http/context.js';
import type { PageFile } from './files.js';

/** Files here are named after their content, so they never become stale. */
const HASHED = '/assets/';
/** In order of preference: smallest first. */
const ENCODINGS = ['br', 'gzip'] as const;
const FOR_EVER = 'public, max-age=31536000, immutable';

interface TaggedFile extends PageFile {
  readonly tag: string;
}

/** Files of a page or site, and how they are sent. */
export class ServedFiles {
  readonly #files: ReadonlyMap<string, TaggedFile>;
  readonly #standIns: ReadonlyMap<string, TaggedFile>;
  readonly #policy: string;

  /** @param policy Content-Security-Policy of all files */
  constructor(files: readonly PageFile[], policy: string) {
    const tagged = files.map((file) => ({ ...file, tag: tagOf(file) }));
    this.#files = new Map(tagged.map((file) => [file.path, file]));
    this.#standIns = new Map(
      tagged.flatMap((file) => {
        const role = roleOf(file.path);
        return role === '' ? [] : [[role, file] as const];
      }),
    );
    this.#policy = policy;
  }

  /**
   * Answers with the file at a path, or with 304.
   * @param path below the address of the page
   * @param status of the answer with the file
   * @returns false if there is no such file; the response is unchanged
   */
  send(ctx: Context, path: string, status = 200): boolean {
    const named = this.#files.get(path);
    const file = named ?? this.#standIns.get(roleOf(path));
    if (file === undefined) return false;
    const forEver = isHashed(path) && named !== undefined;
    ctx.vary('Accept-Encoding');
    ctx.set('Cache-Control', forEver ? FOR_EVER : 'no-cache');
    ctx.set('Content-Security-Policy', this.#policy);
    ctx.status = status;
    if (status === 200) {
      ctx.set('ETag', file.tag);
      if (ctx.fresh) {
        ctx.status = 304;
        return true;
      }
    }
    // The server chooses: browsers list the encodings in no meaningful order.
    const encoding = ENCODINGS.find(
      (name) => file[name] !== undefined && ctx.acceptsEncodings(name) === name,
    );
    if (encoding !== undefined) ctx.set('Content-Encoding', encoding);
    ctx.body = file[encoding ?? 'identity'];
    // Koa guesses the type when the body is set, so the type is set after it.
    ctx.type = file.path === '/' ? 'html' : extname(file.path);
    return true;
  }
}

/** Whether a path is one of files that are named after their content. */
export function isHashed(path: string): boolean {
  return path.startsWith(HASHED);
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
