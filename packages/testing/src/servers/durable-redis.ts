import { cp, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type LocalServer, startRedis } from '@chorus/local';
import { ensureTestRedis } from './redis.js';

/** Every command is on disk before it is answered. */
const ALWAYS = ['--appendfsync', 'always'];

/** A Redis that keeps its data in a folder, and that a test kills and starts again. */
export class DurableRedis {
  readonly #folders: string[];
  #server: LocalServer;

  private constructor(
    /** Folder of its data. */
    readonly dir: string,
    private readonly args: readonly string[],
    server: LocalServer,
  ) {
    this.#folders = [dir];
    this.#server = server;
  }

  /**
   * Starts one that is empty, or that has the data of a folder, which is removed at the end.
   * @param options `args`: more `redis-server` arguments, by default those with which acknowledged commands are on disk
   */
  static async start({ dir, args = ALWAYS }: { dir?: string; args?: readonly string[] } = {}) {
    await ensureTestRedis();
    const folder = dir ?? (await newFolder());
    return new DurableRedis(folder, args, await startRedis({ dir: folder, args }));
  }

  /** Stays the same over restarts. */
  get url(): string {
    return this.#server.url;
  }

  kill(signal: NodeJS.Signals): void {
    this.#server.kill(signal);
  }

  /** Ends the process as a crash does. */
  async crash(): Promise<void> {
    this.#server.kill('SIGKILL');
    await this.#server.exited;
  }

  /** Ends the process as a crash does, if it is running, and starts it with the data of a folder. */
  async restart(dir = this.dir): Promise<void> {
    await this.crash();
    this.#server = await startRedis({ dir, port: this.#server.port, args: this.args });
  }

  /** Returns a folder with a copy of the data of this moment. */
  async copy(): Promise<string> {
    const folder = await newFolder();
    this.#folders.push(folder);
    await cp(this.dir, folder, { recursive: true });
    return folder;
  }

  async close(): Promise<void> {
    await this.#server.close();
    for (const folder of this.#folders) await rm(folder, { recursive: true, force: true });
  }
}

function newFolder(): Promise<string> {
  return mkdtemp(join(tmpdir(), 'chorus-redis-'));
}
