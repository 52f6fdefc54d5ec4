import type { Database } from '@chorus/database';
import { type Closeable, type Logger, RepeatedWork } from '@chorus/service';
import type { WebhookClient } from './webhook-client.js';

/** Pause between two looks for requests of a test, in milliseconds. */
const INTERVAL_MS = 250;
/** Tests in progress at a time. */
const AT_ONCE = 16;

/**
 * Sends the test events that APIs request: APIs themselves connect to no address that a program chooses. A request that is too old
 * is not taken, because no API waits for its result.
 */
export class WebhookTests implements Closeable {
  readonly #work: RepeatedWork;
  readonly #running = new Set<Promise<void>>();
  readonly #cut = new AbortController();

  constructor(
    private readonly db: Database,
    private readonly client: Pick<WebhookClient, 'send'>,
    private readonly nodeId: string,
    log: Logger,
  ) {
    this.#work = new RepeatedWork({
      run: () => this.#run(),
      intervalMs: INTERVAL_MS,
      texts: { failing: 'tests of webhooks cannot be read', works: 'tests of webhooks can be read again' },
      log,
    });
  }

  start(): void {
    this.#work.start();
  }

  /** Cuts tests in progress. */
  async close(): Promise<void> {
    await this.#work.close();
    this.#cut.abort();
    await Promise.all(this.#running);
  }

  async #run(): Promise<void> {
    const free = AT_ONCE - this.#running.size;
    if (free <= 0) return;
    const taken = await this.db.$queryRaw<Array<{ id: bigint; webhookId: bigint }>>`
      UPDATE webhook_tests SET taken_by = ${this.nodeId} WHERE id IN (
        SELECT id FROM webhook_tests WHERE taken_by IS NULL AND created_at > now() - interval '10 seconds'
        ORDER BY id LIMIT ${free}::int FOR UPDATE SKIP LOCKED
      ) RETURNING id, webhook_id AS "webhookId"`;
    if (taken.length === 0) return;
    // Those of APIs that ended before they read the result.
    await this.db.$executeRaw`DELETE FROM webhook_tests WHERE created_at < now() - interval '1 hour'`;
    for (const { id, webhookId } of taken) {
      const test = this.#test(id, webhookId)
        // The API gives up waiting.
        .catch(() => undefined)
        .finally(() => this.#running.delete(test));
      this.#running.add(test);
    }
  }

  async #test(id: bigint, webhookId: bigint): Promise<void> {
    const webhook = await this.db.webhook.findUnique({ where: { id: webhookId } });
    if (webhook === null) return;
    const began = performance.now();
    const timestamp = new Date().toISOString();
    const content = { type: 'webhook.test', timestamp, data: { webhookId: Number(webhookId) } };
    const { status, error } = await this.client.send(webhook, `test_${id}`, content, this.#cut.signal);
    const result = {
      status: status ?? null,
      error: error ?? null,
      ms: Math.round(performance.now() - began),
    };
    await this.db.webhookTest.updateMany({ where: { id }, data: { ...result, answeredAt: new Date() } });
  }
}
