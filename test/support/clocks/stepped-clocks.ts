import { mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';

/** Found from here and from where this file is compiled to. */
const PRELOAD = pathToFileURL(createRequire(import.meta.url).resolve('#stepped-clock')).href;

/**
 * Wall clocks of processes that a test sets back or forth while they run: `Date` shows another time, monotonic clocks
 * and timers go on. Each process has a clock of its own.
 */
export class SteppedClocks {
  readonly #folder = mkdtempSync(join(tmpdir(), 'chorus-clocks-'));

  /** For the environment of the processes; `NODE_OPTIONS` of their own would be overwritten. */
  get env(): Record<string, string> {
    return { NODE_OPTIONS: `--import=${PRELOAD}`, CLOCK_STEPS: this.#folder };
  }

  /**
   * Sets the clock of a process; it notices within 5 ms.
   * @param nodeId its `NODE_ID`, or `process` if it has none
   * @param offsetMs from the machine's clock, in milliseconds; negative is in the past
   */
  set(nodeId: string, offsetMs: number): void {
    const file = join(this.#folder, nodeId);
    // In one step: a half written number is another time.
    writeFileSync(`${file}.new`, String(offsetMs));
    renameSync(`${file}.new`, file);
  }

  async close(): Promise<void> {
    rmSync(this.#folder, { recursive: true, force: true });
  }
}
