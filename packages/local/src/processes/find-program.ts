import { access, constants } from 'node:fs/promises';
import { delimiter, join } from 'node:path';

/** Looks up a program on the PATH. */
export async function findProgram(name: string): Promise<string | undefined> {
  for (const folder of (process.env.PATH ?? '').split(delimiter)) {
    if (folder === '') continue;
    const file = join(folder, name);
    try {
      await access(file, constants.X_OK);
      return file;
    } catch {
      // The folder does not have it.
    }
  }
  return undefined;
}
