import { mkdir, readFile, rm } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { generateSecret } from '@chorus/auth';
import { createPrivateFile, keptSecret, lookUpProcess } from '@chorus/local';
import { type Closeable, StartError } from '@chorus/service';

/** The folder with all data that outlives a run. One process uses it at a time. */
export interface DataFolder extends Closeable {
  readonly path: string;
  /** Folder of the database. */
  readonly postgres: string;
  /** Secret that signs tokens; constant over restarts, so that users stay signed in. */
  readonly secret: string;
}

/** @throws {StartError} another process uses it, or it cannot be written to */
export async function claimDataFolder(path: string): Promise<DataFolder> {
  const folder = resolve(path);
  const lock = join(folder, 'standalone.lock');
  try {
    await mkdir(folder, { recursive: true });
    await takeLock(lock, folder);
    const secret = await keptSecret(join(folder, 'jwt-secret'), generateSecret);
    return {
      path: folder,
      postgres: join(folder, 'postgres'),
      secret,
      close: () => rm(lock, { force: true }),
    };
  } catch (error) {
    if (error instanceof StartError) throw error;
    throw new StartError(`DATA_DIR=${JSON.stringify(folder)} cannot be used: ${(error as Error).message}`);
  }
}

/** The lock names its holder; the lock of a killed process is taken over. */
async function takeLock(lock: string, folder: string): Promise<void> {
  const own = await lookUpProcess(process.pid);
  for (;;) {
    if (await createPrivateFile(lock, `${process.pid} ${own?.started}`)) return;
    const [pid, ...started] = (await readFile(lock, 'utf8').catch(() => '')).split(' ');
    const holder = await lookUpProcess(Number(pid));
    if (holder !== undefined && holder.started === started.join(' ')) {
      throw new StartError(
        `${folder} is in use by another Chorus (pid ${pid}); choose a folder with DATA_DIR`,
      );
    }
    await rm(lock, { force: true });
  }
}
