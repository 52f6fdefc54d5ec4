import { randomBytes, randomUUID } from 'node:crypto';
import { link, readFile, rm, writeFile } from 'node:fs/promises';

/**
 * Returns the secret in a file that only its owner may read. Creates a random one if the file is missing; of several
 * processes that do so concurrently, all return one secret.
 */
export async function keptSecret(
  file: string,
  make: () => string = () => randomBytes(24).toString('hex'),
): Promise<string> {
  await createPrivateFile(file, make());
  return (await readFile(file, 'utf8')).trim();
}

/**
 * Creates a file that only its owner may read, with its content or not at all: a crash leaves no empty secret, and no
 * reader sees one.
 * @returns false if it exists already
 */
export async function createPrivateFile(file: string, content: string): Promise<boolean> {
  const unfinished = `${file}.${randomUUID()}`;
  await writeFile(unfinished, content, { mode: 0o600, flag: 'wx' });
  try {
    await link(unfinished, file);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false;
    throw error;
  } finally {
    await rm(unfinished);
  }
}
