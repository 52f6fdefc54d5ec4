import { randomBytes } from 'node:crypto';
import { type Database, eventIdOf, type Prisma, type Webhook } from '@chorus/database';
import type { SecretBox } from '@chorus/service';
import type { Remember } from '../idempotency/remember.js';

export interface WebhookFields {
  readonly url?: string | undefined;
  /** Types of events; empty for all. */
  readonly events?: readonly string[] | undefined;
  /** Ids of rooms; empty for all events. */
  readonly rooms?: readonly number[] | undefined;
  readonly enabled?: boolean | undefined;
}

/** Where a page of undelivered events begins: behind a lane, or behind a dead letter. */
export interface UndeliveredCursor {
  readonly state: UndeliveredState;
  readonly before: number;
}

export const UNDELIVERED_STATES = ['retrying', 'dead'] as const;
export type UndeliveredState = (typeof UNDELIVERED_STATES)[number];

/** An event that waits for a retry, or was given up. */
export interface Undelivered {
  /** The next page begins behind it. */
  readonly cursor: UndeliveredCursor;
  readonly eventId: string;
  readonly roomId: number | null;
  readonly state: UndeliveredState;
  readonly attempts: number | null;
  readonly at: Date;
  readonly nextAttemptAt: Date | null;
  readonly lastStatus: number | null;
  readonly lastError: string | null;
}

/** Bytes of a secret. */
const SECRET_BYTES = 32;
/** Redeliveries of a webhook that are not finished. */
export const MAX_REDELIVERIES = 100;
/** Lock of PostgreSQL under which webhooks are counted and created. Any number that nothing else uses. */
const CREATING = 7_460_112;
/** After a change the dispatcher that sends to the webhook ends, and one begins with what the webhook is then. */
const RESTART = { leasedBy: null, leasedUntil: null };
/** An endpoint that counted as down is tried at once. */
const UP = { attempts: 0, nextAttemptAt: null, failingSince: null, lastStatus: null, lastError: null };

/** The webhooks in PostgreSQL. Methods return undefined, or false, for an unknown one. */
export class WebhookRepository {
  constructor(
    private readonly db: Database,
    readonly maxWebhooks: number,
    private readonly secrets: Pick<SecretBox, 'seal'>,
  ) {}

  /** Creates a webhook that receives the events from now on. @returns it with its secret in clear text; undefined if there are too many */
  async create(
    { url, events, rooms }: WebhookFields & { readonly url: string },
    remember?: Remember<Webhook>,
  ): Promise<Webhook | undefined> {
    return this.db.$transaction(async (tx) => {
      await tx.$executeRaw`SELECT pg_advisory_xact_lock(${CREATING}::bigint)`;
      if ((await tx.webhook.count()) >= this.maxWebhooks) return undefined;
      const log = await tx.eventLogState.findFirst();
      const about = { url, events: [...(events ?? [])], rooms: (rooms ?? []).map(BigInt) };
      const secret = newSecret();
      const data = { ...about, secret: this.secrets.seal(secret), position: log?.position ?? 0n };
      const webhook = { ...(await tx.webhook.create({ data })), secret };
      await remember?.store(tx, webhook);
      return webhook;
    });
  }

  list(after: number, limit: number): Promise<Webhook[]> {
    return this.db.webhook.findMany({ where: { id: { gt: after } }, orderBy: { id: 'asc' }, take: limit });
  }

  async find(id: number): Promise<Webhook | undefined> {
    return (await this.db.webhook.findUnique({ where: { id } })) ?? undefined;
  }

  change(id: number, { url, events, rooms, enabled }: WebhookFields): Promise<Webhook | undefined> {
    return this.#update(id, {
      ...(url === undefined ? {} : { url }),
      ...(events === undefined ? {} : { events: [...events] }),
      ...(rooms === undefined ? {} : { rooms: rooms.map(BigInt) }),
      ...(enabled === undefined ? {} : { enabled }),
      ...UP,
    });
  }

  async remove(id: number): Promise<boolean> {
    return (await this.db.webhook.deleteMany({ where: { id } })).count > 0;
  }

  /** Gives a webhook another secret. @param overlapSeconds time for which the one before signs as well @returns it with its secret in clear text */
  async rotate(id: number, overlapSeconds: number): Promise<Webhook | undefined> {
    const secret = newSecret();
    const [row] = await this.db.$queryRaw<Array<{ id: bigint }>>`
      UPDATE webhooks SET previous_secret = secret, previous_until = now() + ${overlapSeconds}::int * interval '1 second',
        secret = ${this.secrets.seal(secret)}, leased_by = NULL, leased_until = NULL WHERE id = ${id} RETURNING id`;
    const webhook = row && (await this.find(id));
    return webhook && { ...webhook, secret };
  }

  /** Delivers the events after a position, again if they were delivered before. */
  async resume(id: number, position: number): Promise<Webhook | undefined> {
    return this.db.$transaction(async (tx) => {
      const { count } = await tx.webhook.updateMany({
        where: { id },
        data: { position, enabled: true, ...UP, ...RESTART },
      });
      if (count === 0) return undefined;
      await tx.webhookLane.deleteMany({ where: { webhookId: id } });
      return (await tx.webhook.findUnique({ where: { id } })) ?? undefined;
    });
  }

  /**
   * Delivers the events of a span of positions once more, beside what is delivered otherwise.
   * @returns `too-many` while {@link MAX_REDELIVERIES} are not finished
   */
  async redeliver(id: number, from: number, to: number): Promise<'unknown' | 'too-many' | 'begun'> {
    return this.db.$transaction(async (tx) => {
      const { count } = await tx.webhook.updateMany({ where: { id }, data: RESTART });
      if (count === 0) return 'unknown';
      const unfinished = await tx.webhookLane.count({ where: { webhookId: id, until: { not: null } } });
      if (unfinished >= MAX_REDELIVERIES) return 'too-many';
      await tx.webhookLane.create({ data: { webhookId: id, next: from, until: to } });
      await tx.webhookDeadLetter.deleteMany({ where: { webhookId: id, position: { gte: from, lte: to } } });
      return 'begun';
    });
  }

  /** Returns the positions of the first and the last event of a span of time; undefined if it has none. */
  async span(from: Date, to: Date): Promise<{ from: number; to: number } | undefined> {
    const [row] = await this.db.$queryRaw<Array<{ from: bigint | null; to: bigint | null }>>`
      SELECT min(position) AS "from", max(position) AS "to" FROM events WHERE at >= ${from} AND at <= ${to}`;
    return row?.from == null || row.to == null ? undefined : { from: Number(row.from), to: Number(row.to) };
  }

  /**
   * Returns events that wait for a retry, the first of each room, and behind them events that were given up; the latest of each first.
   * @param state only those of one state; undefined for both
   * @param cursor where the page begins; undefined for the first page
   */
  async undelivered(
    id: number,
    limit: number,
    state?: UndeliveredState,
    cursor?: UndeliveredCursor,
  ): Promise<Undelivered[]> {
    const found: Undelivered[] = [];
    if (state !== 'dead' && cursor?.state !== 'dead')
      found.push(...(await this.#retrying(id, limit, cursor?.before)));
    if (state === 'retrying' || found.length === limit) return found;
    const before = cursor?.state === 'dead' ? cursor.before : undefined;
    return [...found, ...(await this.#dead(id, limit - found.length, before))];
  }

  async #retrying(webhookId: number, limit: number, before?: number): Promise<Undelivered[]> {
    const lanes = await this.db.webhookLane.findMany({
      where: { webhookId, until: null, ...(before === undefined ? {} : { id: { lt: before } }) },
      ...{ orderBy: { id: 'desc' as const }, take: limit },
    });
    return lanes.map(({ id, next, roomId, attempts, since, nextAttemptAt, lastStatus, lastError }) => ({
      cursor: { state: 'retrying', before: Number(id) },
      ...{ eventId: eventIdOf(next), roomId: roomId === null ? null : Number(roomId), state: 'retrying' },
      ...{ attempts, at: since, nextAttemptAt, lastStatus, lastError },
    }));
  }

  async #dead(webhookId: number, limit: number, before?: number): Promise<Undelivered[]> {
    const dead = await this.db.webhookDeadLetter.findMany({
      where: { webhookId, ...(before === undefined ? {} : { position: { lt: before } }) },
      ...{ orderBy: { position: 'desc' as const }, take: limit },
    });
    return dead.map(({ position, at, lastStatus, lastError }) => ({
      cursor: { state: 'dead', before: Number(position) },
      ...{ eventId: eventIdOf(position), roomId: null, state: 'dead', attempts: null, at },
      ...{ nextAttemptAt: null, lastStatus, lastError },
    }));
  }

  async #update(id: number, data: Prisma.WebhookUpdateManyMutationInput): Promise<Webhook | undefined> {
    const [row] = await this.db.webhook.updateManyAndReturn({ where: { id }, data: { ...data, ...RESTART } });
    return row;
  }
}

function newSecret(): string {
  return `whsec_${randomBytes(SECRET_BYTES).toString('base64')}`;
}
