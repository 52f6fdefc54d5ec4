import { readdirSync, readFileSync } from 'node:fs';
import { join, sep } from 'node:path';
import { ConfigError } from '@chorus/service';

/** One file of the page, in all its encodings. */
export interface PageFile {
  /** Path of the request; `/` is the page itself. */
  readonly path: string;
  readonly identity: Buffer;
  readonly gzip: Buffer | undefined;
  readonly br: Buffer | undefined;
}

const PAGE = 'index.html';
const COMPRESSED = /\.(br|gz)$/;

/**
 * Reads a built page: `index.html` and all files below the folder, each with its `.br` and `.gz`. Everything is kept
 * in memory, so that a folder that changes later does not mix two versions.
 * @throws {ConfigError} the folder contains no page
 */
export function readPage(folder: string): PageFile[] {
  let names: string[];
  try {
    names = readdirSync(folder, { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile())
      .map((entry) => join(entry.parentPath, entry.name).slice(join(folder, sep).length));
  } catch (error) {
    const { message } = error as Error;
    throw new ConfigError(`WEB_DIR="${folder}" is not valid: ${message}`);
  }
  if (!names.includes(PAGE)) {
    throw new ConfigError(`WEB_DIR="${folder}" is not valid: there is no ${PAGE} in it`);
  }
  const read = (name: string): Buffer | undefined =>
    names.includes(name) ? readFileSync(join(folder, name)) : undefined;
  return names
    .filter((name) => !COMPRESSED.test(name))
    .map((name) => ({
      path: name === PAGE ? '/' : `/${name.split(sep).join('/')}`,
      identity: readFileSync(join(folder, name)),
      gzip: read(`${name}.gz`),
      br: read(`${name}.br`),
    }));
}
