import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { rm, statfs, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { type Closeable, StartError } from '@chorus/service';

const run = promisify(execFile);

/** Waits for the end of its input, which comes when this process ends as well, even by `kill -9`. */
const UNMOUNT = 'read -r _; umount -l "$1" && rmdir "$1"';
/** A database cluster with its first log segments takes about 60 MB. */
const SIZE_MB = 192;

/** A file system in memory, small enough to be filled. */
export class SmallDisk implements Closeable {
  private constructor(
    private readonly folder: string,
    private readonly guard: ChildProcess,
  ) {}

  /** @param folder mount point @throws {StartError} if this user may not mount */
  static async mount(folder: string): Promise<SmallDisk> {
    try {
      await run('mount', ['-t', 'tmpfs', '-o', `size=${SIZE_MB}m`, 'chorus-chaos', folder]);
    } catch (error) {
      const reason = (error as { stderr?: string }).stderr?.trim() || String(error);
      throw new StartError(
        `a disk that becomes full has to be mounted, which only root may: ${reason}; leave postgres-full out of --faults`,
      );
    }
    const guard = spawn('/bin/sh', ['-c', UNMOUNT, 'sh', folder], {
      ...{ stdio: ['pipe', 'ignore', 'ignore'], detached: true },
    });
    return new SmallDisk(folder, guard);
  }

  /** Leaves no byte free. */
  async fill(): Promise<void> {
    for (let attempt = 0; attempt < 20; attempt++) {
      const { bavail, bsize } = await statfs(this.folder);
      if (bavail === 0) return;
      // PostgreSQL writes as well: space that was free may be in use.
      await writeFile(join(this.folder, `ballast-${attempt}`), Buffer.alloc(bavail * bsize)).catch(() => {});
    }
  }

  async empty(): Promise<void> {
    for (let attempt = 0; attempt < 20; attempt++) {
      await rm(join(this.folder, `ballast-${attempt}`), { force: true });
    }
  }

  /** Removes the folder as well. */
  async close(): Promise<void> {
    const ended = once(this.guard, 'exit');
    this.guard.stdin?.end();
    await ended;
  }
}
