import { execFile } from 'node:child_process';
import { mkdtemp, rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import { ensureProgram } from '@chorus/local';
import type { Closeable } from '@chorus/service';

const run = promisify(execFile);

/** Interval at which libfaketime reads its file, in seconds. */
const NOTICED_SECONDS = 1;

/**
 * The wall clock of a `redis-server`, by libfaketime: `TIME`, expiry and the ids of streams follow it, monotonic
 * clocks do not. Debian links redis-server to jemalloc, which reads the clock while libfaketime allocates memory: a
 * deadlock. So the server gets the allocator of the C library.
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
    // The program knows the path of its library.
    const { stdout } = await run(faketime, ['-f', '+0', 'printenv', 'LD_PRELOAD']);
    const clock = new RedisClock(await mkdtemp(join(tmpdir(), 'chorus-chaos-clock-')), stdout.trim());
    await clock.#write(0);
    return clock;
  }

  /** Environment of the server. */
  get env(): NodeJS.ProcessEnv {
    return {
      ...process.env,
      LD_PRELOAD: `${this.library} libc.so.6`,
      FAKETIME_TIMESTAMP_FILE: this.#file,
      FAKETIME_CACHE_DURATION: String(NOTICED_SECONDS),
      FAKETIME_DONT_FAKE_MONOTONIC: '1',
    };
  }

  /** Sets the offset from the machine's clock in milliseconds; resolves when the server uses it. */
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
    // In one step: a partly written offset would be another time.
    await writeFile(`${this.#file}.new`, `${offsetMs < 0 ? '-' : '+'}${Math.abs(offsetMs / 1_000)}\n`);
    await rename(`${this.#file}.new`, this.#file);
  }
}
