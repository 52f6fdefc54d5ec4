import { readdirSync, readFileSync } from 'node:fs';
import { join, sep } from 'node:path';
import { ConfigError } from '@chorus/service';

/** One file of a page or site, in all its encodings. */
export interface PageFile {
  /** Below the address of the page; `/` is `index.html`. */
  readonly path: string;
  readonly identity: Buffer;
  readonly gzip: Buffer | undefined;
  readonly br: Buffer | undefined;
}

const PAGE = 'index.html';
const COMPRESSED = /\.(br|gz)$/;

/**
 * Reads built files: `index.html` and all files below the folder, each with its `.br` and `.gz`. Everything is kept
 * in memory, so that a folder that changes later does not mix two versions.
 * @param variable the setting that names the folder
 * @throws {ConfigError} the folder contains no `index.html`
 */
export function readFiles(folder: string, variable: string): PageFile[] {
  let names: string[];
  try {
    names = readdirSync(folder, { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile())
      .map((entry) => join(entry.parentPath, entry.name).slice(join(folder, sep).length));
  } catch (error) {
    const { message } = error as Error;
    throw new ConfigError(`${variable}="${folder}" is not valid: ${message}`);
  }
  const known = new Set(names);
  if (!known.has(PAGE)) {
    throw new ConfigError(`${variable}="${folder}" is not valid: there is no ${PAGE} in it`);
  }
  const read = (name: string): Buffer | undefined =>
    known.has(name) ? readFileSync(join(folder, name)) : undefined;
  return names
    .filter((name) => !COMPRESSED.test(name))
    .map((name) => ({
      path: name === PAGE ? '/' : `/${name.split(sep).join('/')}`,
      identity: readFileSync(join(folder, name)),
      gzip: read(`${name}.gz`),
      br: read(`${name}.br`),
    }));
}
