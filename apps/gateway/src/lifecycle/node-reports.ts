import type { NodeRegistry, NodeReport } from '@chorus/control';
import type { Closeable, Logger } from '@chorus/service';

const EVERY_MS = 1_000;

/** How long a report counts: a few may be lost or late. */
const TTL_MS = 5_000;

/** Says how this node is, every second, and that it is gone when closed. */
export class NodeReports implements Closeable {
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

  /** Does not wait for its turn. */
  reportNow(): void {
    if (this.#closed !== undefined) return;
    this.#reporting ??= this.#report()
      .catch((error: unknown) => this.log.debug({ error: String(error) }, 'report failed'))
      .finally(() => {
        this.#reporting = undefined;
      });
  }

  /** Rejects also when the node cannot be described: a timer has no caller that an error could go to. */
  async #report(): Promise<void> {
    await this.nodes.report(this.describe(), TTL_MS);
  }

  close(): Promise<void> {
    this.#closed ??= this.#close();
    return this.#closed;
  }

  async #close(): Promise<void> {
    clearInterval(this.#timer);
    // A report that arrives after the farewell would undo it.
    await this.#reporting;
    const nodeId = this.describe().nodeId;
    await this.nodes
      .forget(nodeId)
      .catch((error: unknown) => this.log.debug({ error: String(error) }, 'farewell failed'));
  }
}
