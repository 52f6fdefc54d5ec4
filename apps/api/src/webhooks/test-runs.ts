import { setTimeout as sleep } from 'node:timers/promises';
import type { Database } from '@chorus/database';
import { Refusal } from '@chorus/protocol';

/** Longer than dispatchers take to send one and to wait for its answer, in milliseconds. */
const WAIT_MS = 25_000;
const LOOK_MS = 100;

/** The end of a test. */
export interface TestResult {
  /** Status of the endpoint's answer; null without one. */
  readonly status: number | null;
  /** Null for success. */
  readonly error: string | null;
  /** Time until the answer, in milliseconds. */
  readonly ms: number;
}

/** Test events, which dispatchers send on request: an API connects to no address that a program chooses. */
export class TestRuns {
  constructor(private readonly db: Database) {}

  /**
   * Lets a dispatcher send one test event to a webhook, which must exist, and waits for the result.
   * @throws {Refusal} 429 a test of the webhook is in progress; 503 no dispatcher has sent it
   */
  async run(webhookId: number): Promise<TestResult> {
    const id = await this.#request(webhookId);
    try {
      const deadline = performance.now() + WAIT_MS;
      while (performance.now() < deadline) {
        await sleep(LOOK_MS);
        const test = await this.db.webhookTest.findUnique({ where: { id } });
        if (test === null) throw new Refusal('webhook_not_found');
        const { status, error, ms } = test;
        if (ms !== null) return { status, error, ms };
      }
      throw new Refusal('unavailable');
    } finally {
      await this.db.webhookTest.deleteMany({ where: { id } }).catch(() => undefined);
    }
  }

  async #request(webhookId: number): Promise<bigint> {
    const [row] = await this.db.$queryRaw<Array<{ id: bigint }>>`
      INSERT INTO webhook_tests (webhook_id) SELECT id FROM webhooks WHERE id = ${BigInt(webhookId)} AND NOT EXISTS (
        SELECT FROM webhook_tests WHERE webhook_id = webhooks.id AND ms IS NULL AND created_at > now() - ${WAIT_MS}::int * interval '1 ms'
      ) RETURNING id`;
    if (row === undefined) throw new Refusal('too_many_requests');
    return row.id;
  }
}
