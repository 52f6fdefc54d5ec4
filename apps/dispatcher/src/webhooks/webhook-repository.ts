import {
  type Database,
  eventIdOf,
  type LoggedEvent,
  recordEvents,
  type Webhook,
  type WebhookLane,
} from '@chorus/database';
import type { Failure } from './webhook-client.js';

/** A webhook of which this dispatcher has the lease, with its lanes. */
export interface ClaimedWebhook extends Webhook {
  readonly lanes: WebhookLane[];
}

/** The webhooks in PostgreSQL. Every write is refused once another dispatcher has the webhook, or a program has changed it. */
export class WebhookRepository {
  constructor(
    private readonly db: Database,
    private readonly nodeId: string,
    private readonly leaseMs: number,
  ) {}

  /** Takes the webhooks that no dispatcher has. */
  async claim(): Promise<ClaimedWebhook[]> {
    const rows = await this.db.$queryRaw<Array<{ id: bigint }>>`
      UPDATE webhooks SET leased_by = ${this.nodeId}, leased_until = now() + ${this.leaseMs}::int * interval '1 ms'
      WHERE id IN (
        SELECT id FROM webhooks WHERE enabled AND (leased_by IS NULL OR leased_until < now())
        ORDER BY id FOR UPDATE SKIP LOCKED
      ) RETURNING id`;
    if (rows.length === 0) return [];
    return this.db.webhook.findMany({
      where: { id: { in: rows.map(({ id }) => id) }, leasedBy: this.nodeId },
      include: { lanes: { orderBy: { id: 'asc' } } },
    });
  }

  /** Renews the leases. @returns the ids of the webhooks that this dispatcher still has */
  async renew(ids: readonly bigint[]): Promise<Set<bigint>> {
    if (ids.length === 0) return new Set();
    const rows = await this.db.$queryRaw<Array<{ id: bigint }>>`
      UPDATE webhooks SET leased_until = now() + ${this.leaseMs}::int * interval '1 ms'
      WHERE id = ANY(${ids}) AND leased_by = ${this.nodeId} AND enabled RETURNING id`;
    return new Set(rows.map(({ id }) => id));
  }

  /** Gives webhooks to other dispatchers. */
  async release(ids: readonly bigint[]): Promise<void> {
    await this.db.webhook.updateMany({
      where: { id: { in: [...ids] }, leasedBy: this.nodeId },
      data: { leasedBy: null, leasedUntil: null },
    });
  }

  /** Stores how far a webhook is, with the lanes of what failed on the way. @returns the stored lanes; undefined if the webhook is lost */
  async advance(
    id: bigint,
    position: number,
    failed: ReadonlyArray<{ event: LoggedEvent; failure: Failure; nextAttemptAt: Date }>,
  ): Promise<WebhookLane[] | undefined> {
    if (failed.length === 0) return (await this.#setPosition(this.db, id, position)) ? [] : undefined;
    return this.db.$transaction(async (tx) => {
      if (!(await this.#setPosition(tx, id, position))) return undefined;
      return tx.webhookLane.createManyAndReturn({
        data: failed.map(({ event, failure, nextAttemptAt }) => ({
          ...{
            webhookId: id,
            roomId: event.roomId ?? null,
            next: event.position,
            attempts: 1,
            nextAttemptAt,
          },
          ...{ lastStatus: failure.status ?? null, lastError: failure.error },
        })),
      });
    });
  }

  /** Stores that the endpoint cannot be reached, or wants no more events. */
  async failed(
    id: bigint,
    state: { readonly position: number; readonly attempts: number; readonly nextAttemptAt: Date },
    { status, error, gone }: Failure,
  ): Promise<void> {
    const { position, attempts, nextAttemptAt } = state;
    await this.db.$executeRaw`
      UPDATE webhooks SET position = ${position}, attempts = ${attempts}, next_attempt_at = ${nextAttemptAt},
        last_status = ${status ?? null}::int, last_error = ${error}, failing_since = coalesce(failing_since, now()), enabled = ${!gone}
      WHERE id = ${id} AND leased_by = ${this.nodeId}`;
  }

  async saveLane({ id, ...lane }: WebhookLane): Promise<void> {
    const { next, attempts, nextAttemptAt, since, lastStatus, lastError } = lane;
    const data = { next, attempts, nextAttemptAt, since, lastStatus, lastError };
    await this.db.webhookLane.updateMany({ where: { id, webhook: { leasedBy: this.nodeId } }, data });
  }

  async removeLane(id: bigint): Promise<void> {
    await this.db.webhookLane.deleteMany({ where: { id, webhook: { leasedBy: this.nodeId } } });
  }

  /** Notes events that were given up, with an event of its own for each. Those events have none themselves: they can be given up too. */
  async giveUp(webhookId: bigint, events: readonly LoggedEvent[], failure: Failure): Promise<void> {
    const about = { webhookId, lastStatus: failure.status ?? null, lastError: failure.error };
    await this.db.$transaction(async (tx) => {
      const data = events.map(({ position, type }) => ({ ...about, position, type }));
      await tx.webhookDeadLetter.createMany({ data, skipDuplicates: true });
      await recordEvents(
        tx,
        events
          .filter(({ type }) => type !== 'webhook.dead_lettered')
          .map(({ position }) => ({
            type: 'webhook.dead_lettered',
            data: { webhookId: Number(webhookId), eventId: eventIdOf(position) },
          })),
      );
    });
  }

  /** @returns whether this dispatcher still has the webhook */
  async #setPosition(db: Pick<Database, '$executeRaw'>, id: bigint, position: number): Promise<boolean> {
    const count = await db.$executeRaw`
      UPDATE webhooks SET position = ${position}, attempts = 0, next_attempt_at = NULL, failing_since = NULL
      WHERE id = ${id} AND leased_by = ${this.nodeId}`;
    return count > 0;
  }
}
