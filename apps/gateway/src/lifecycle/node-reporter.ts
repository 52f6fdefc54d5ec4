import type { NodeRegistry, NodeReport } from '@chorus/control';
import type { Closeable, Logger } from '@chorus/service';

const EVERY_MS = 1_000;

/** Time for which a report counts, in milliseconds: a few may be lost or late. */
const TTL_MS = 5_000;

/** Reports the state of this node every second, and removes it from the registry on close. */
export class NodeReporter implements Closeable {
  readonly #timer: NodeJS.Timeout;
  #reporting: Promise<void> | undefined;
  #closed: Promise<void> | undefined;

  constructor(
    private readonly nodes: NodeRegistry,
    private readonly describe: () => NodeReport,
    private readonly log: Logger,
  ) {
    this.#timer = setInterval(() => this.reportNow(), EVERY_MS);
    this.reportNow();
  }

  /** Reports at once, outside the regular interval. */
  reportNow(): void {
    if (this.#closed !== undefined) return;
    this.#reporting ??= this.#report()
      .catch((error: unknown) => this.log.debug({ error: String(error) }, 'report failed'))
      .finally(() => {
        this.#reporting = undefined;
      });
  }

  /** Also rejects if the node cannot be described: a timer has no caller that could receive an error. */
  async #report(): Promise<void> {
    await this.nodes.report(this.describe(), TTL_MS);
  }

  close(): Promise<void> {
    this.#closed ??= this.#close();
    return this.#closed;
  }

  async #close(): Promise<void> {
    clearInterval(this.#timer);
    // A report that arrives after the removal would undo it.
    await this.#reporting;
    const nodeId = this.describe().nodeId;
    await this.nodes
      .forget(nodeId)
      .catch((error: unknown) => this.log.debug({ error: String(error) }, 'removing the report failed'));
  }
}
