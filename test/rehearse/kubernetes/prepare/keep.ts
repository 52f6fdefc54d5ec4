import { createHash } from 'node:crypto';
import { access, mkdir, readdir, readFile, rename, rm } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';

/**
 * Returns the path of a file or folder of the cache. It is made by `make` if it is not there yet, under another name at
 * first, so that a make that was interrupted leaves nothing that looks finished. Older versions are removed.
 * @param key all that the content depends on
 */
export async function keep(
  cache: string,
  name: string,
  key: string,
  make: (path: string) => Promise<void>,
): Promise<string> {
  const path = join(cache, `${name}-${digest(key)}`);
  if (await exists(path)) return path;
  const unfinished = `${path}.${process.pid}`;
  await mkdir(dirname(path), { recursive: true });
  try {
    await make(unfinished);
    await rename(unfinished, path);
    for (const file of await readdir(dirname(path))) {
      const older = file !== basename(path) && file.replace(/-[0-9a-f]{16}$/, '') === name;
      if (older) await rm(join(dirname(path), file), { recursive: true });
    }
  } finally {
    await rm(unfinished, { recursive: true, force: true });
  }
  return path;
}

export async function exists(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  );
}

/** Returns the content of files as one key. */
export async function contentOf(files: readonly string[]): Promise<string> {
  return (await Promise.all(files.map((file) => readFile(file, 'utf8')))).join('\0');
}

function digest(key: string): string {
  return createHash('sha256').update(key).digest('hex').slice(0, 16);
}
