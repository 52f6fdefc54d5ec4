import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import type { Closeable } from '@chorus/service';
import { StartError } from '@chorus/service';
import type { Answer, HostState, Task } from './tasks.js';

const MAIN = fileURLToPath(new URL('host-process.js', import.meta.url));
const CLOSE_MS = 20_000;

/** A process with gateways. */
export class Host implements Closeable {
  readonly #child: ChildProcess;

  constructor(readonly nodeIds: readonly string[]) {
    this.#child = fork(MAIN, { execArgv: ['--max-semi-space-size=4'] });
  }

  /** One at a time. @throws {StartError} when the task fails or the process ends */
  async ask(task: Task): Promise<HostState> {
    const ended = new AbortController();
    const answered = once(this.#child, 'message', { signal: ended.signal });
    const exited = once(this.#child, 'exit', { signal: ended.signal });
    try {
      this.#child.send(task);
      const [answer] = (await Promise.race([answered, exited.then(() => [{ error: 'it has ended' }])])) as [
        Answer,
      ];
      if ('error' in answer) throw new StartError(`a process with gateways failed: ${answer.error}`);
      return answer.state;
    } finally {
      ended.abort();
      await Promise.allSettled([answered, exited]);
    }
  }

  async close(): Promise<void> {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return;
    const exited = once(this.#child, 'exit');
    const late = setTimeout(() => this.#child.kill('SIGKILL'), CLOSE_MS);
    if (this.#child.connected) this.#child.disconnect();
    await exited;
    clearTimeout(late);
  }
}
