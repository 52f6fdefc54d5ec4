import { type Closeable, type Logger, RepeatedWork } from '@chorus/service';
import type { SenderParts } from './sender-parts.js';
import { WebhookSender } from './webhook-sender.js';

/** Interval of renewals, and of looks at webhooks without a dispatcher, in milliseconds. */
const INTERVAL_MS = 1_000;

/** Sends to the webhooks of which this dispatcher has the lease. */
export class WebhookDispatching implements Closeable {
  readonly #senders = new Map<bigint, WebhookSender>();
  readonly #work: RepeatedWork;
  #renewedAt = performance.now();

  /** @param leaseMs time after which another dispatcher takes over from one that died, in milliseconds */
  constructor(
    private readonly parts: SenderParts,
    private readonly leaseMs: number,
    log: Logger,
  ) {
    this.#work = new RepeatedWork({
      run: () => this.#tick(),
      intervalMs: INTERVAL_MS,
      texts: {
        failing: 'the leases of webhooks cannot be renewed',
        works: 'the leases of webhooks are renewed again',
      },
      log,
    });
  }

  start(): void {
    this.#work.start();
  }

  /** Ends after the deliveries in progress, and leaves the webhooks to others. */
  async close(): Promise<void> {
    await this.#work.close();
    const ids = [...this.#senders.keys()];
    await Promise.all([...this.#senders.values()].map((sender) => sender.close()));
    this.#senders.clear();
    await this.parts.repository.release(ids).catch(() => undefined);
  }

  async #tick(): Promise<void> {
    const { repository } = this.parts;
    try {
      const ids = [...this.#senders.keys()];
      const kept = await repository.renew(ids);
      await this.#end(ids.filter((id) => !kept.has(id)));
      this.#renewedAt = performance.now();
      for (const webhook of await repository.claim()) {
        const sender = new WebhookSender(webhook, this.parts);
        this.#senders.set(webhook.id, sender);
        sender.start();
      }
    } catch (error) {
      // Another dispatcher may have them when the lease ends.
      if (performance.now() - this.#renewedAt > this.leaseMs - 2 * INTERVAL_MS) {
        await this.#end([...this.#senders.keys()]);
      }
      throw error;
    }
  }

  async #end(ids: readonly bigint[]): Promise<void> {
    const senders = ids.flatMap((id) => this.#senders.get(id) ?? []);
    for (const id of ids) this.#senders.delete(id);
    await Promise.all(senders.map((sender) => sender.cut()));
  }
}
