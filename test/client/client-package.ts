import { execFile } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { root } from '../support/root.js';

const exec = promisify(execFile);
const maker = join(root, 'packages/client/make-package.mjs');

/** Hands over a folder with what is published of the client, and removes it afterwards. */
export async function withClientPackage<T>(use: (folder: string) => Promise<T>): Promise<T> {
  const folder = await mkdtemp(join(tmpdir(), 'chorus-client-'));
  try {
    const made = join(folder, 'package');
    await exec(process.execPath, [maker, made]);
    return await use(made);
  } finally {
    await rm(folder, { recursive: true });
  }
}
