import { execFile } from 'node:child_process';
import { mkdtemp, rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import { ensureProgram } from '@chorus/local';
import type { Closeable } from '@chorus/service';

const run = promisify(execFile);

/** How long the server may go on with the time before, in seconds: libfaketime looks at its file so often. */
const NOTICED_SECONDS = 1;

/**
 * The wall clock of a `redis-server`, by libfaketime: `TIME`, expiry and the ids of streams follow it, monotonic
 * clocks do not. Debian links redis-server to jemalloc, which asks for the time while libfaketime
 * allocates memory, and neither comes to an end; so it gets the allocator of the C library.
 */
export class RedisClock implements Closeable {
  private constructor(
    private readonly folder: string,
    private readonly library: string,
  ) {}

  /** @throws {StartError} without the program `faketime`, unless apt can install it */
  static async start(): Promise<RedisClock> {
    const faketime = await ensureProgram('faketime', {
      who: 'a clock of Redis that steps needs libfaketime',
      hint: 'put faketime on the PATH (Debian, Ubuntu: apt-get install faketime) or leave redis-clock out of --faults',
    });
    // The program knows where its library is.
    const { stdout } = await run(faketime, ['-f', '+0', 'printenv', 'LD_PRELOAD']);
    const clock = new RedisClock(await mkdtemp(join(tmpdir(), 'chorus-chaos-clock-')), stdout.trim());
    await clock.#write(0);
    return clock;
  }

  /** For the environment of the server. */
  get env(): NodeJS.ProcessEnv {
    return {
      ...process.env,
      LD_PRELOAD: `${this.library} libc.so.6`,
      FAKETIME_TIMESTAMP_FILE: this.#file,
      FAKETIME_CACHE_DURATION: String(NOTICED_SECONDS),
      FAKETIME_DONT_FAKE_MONOTONIC: '1',
    };
  }

  /** Sets it, in milliseconds from the machine's clock; resolves when the server goes by it. */
  async set(offsetMs: number): Promise<void> {
    await this.#write(offsetMs);
    await sleep(NOTICED_SECONDS * 1_000 + 100);
  }

  async close(): Promise<void> {
    await rm(this.folder, { recursive: true, force: true });
  }

  get #file(): string {
    return join(this.folder, 'offset');
  }

  async #write(offsetMs: number): Promise<void> {
    // In one step: a half written offset is another time.
    await writeFile(`${this.#file}.new`, `${offsetMs < 0 ? '-' : '+'}${Math.abs(offsetMs / 1_000)}\n`);
    await rename(`${this.#file}.new`, this.#file);
  }
}
