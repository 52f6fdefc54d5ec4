import { access, constants, stat } from 'node:fs/promises';
import { dirname } from 'node:path';
import { UsageError } from './usage-error.js';

/** Checks the files before a run, so that its result is not lost at the end. @throws {UsageError} */
export async function requireWritable(files: Readonly<Record<string, string | undefined>>): Promise<void> {
  for (const [option, file] of Object.entries(files)) {
    if (file === undefined) continue;
    const known = await stat(file).catch(() => undefined);
    if (known?.isDirectory()) throw new UsageError(`--${option} ${file}: it is a folder`);
    await access(known ? file : dirname(file), constants.W_OK).catch((error: NodeJS.ErrnoException) => {
      const why = error.code === 'ENOENT' ? 'there is no such folder' : 'it cannot be written';
      throw new UsageError(`--${option} ${file}: ${why}`);
    });
  }
}
