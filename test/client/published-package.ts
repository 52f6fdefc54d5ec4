import { execFile } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { root } from '../support/root.js';

const exec = promisify(execFile);

export type PublishedPackage = 'client' | 'react';

/** Hands over a folder with what is published of a package, and removes it afterwards. */
export async function withPackage<T>(
  name: PublishedPackage,
  use: (folder: string) => Promise<T>,
): Promise<T> {
  const folder = await mkdtemp(join(tmpdir(), `chorus-${name}-`));
  try {
    const made = join(folder, 'package');
    await exec(process.execPath, [join(root, 'packages', name, 'make-package.mjs'), made]);
    return await use(made);
  } finally {
    await rm(folder, { recursive: true });
  }
}
