import { randomBytes } from 'node:crypto';
import { type Database, eventIdOf, type Prisma, type Webhook } from '@chorus/database';

export interface WebhookFields {
  readonly url?: string | undefined;
  /** Types of events; empty for all. */
  readonly events?: readonly string[] | undefined;
  /** Ids of rooms; empty for all events. */
  readonly rooms?: readonly number[] | undefined;
  readonly enabled?: boolean | undefined;
}

/** An event that waits for a retry, or was given up. */
export interface Undelivered {
  readonly eventId: string;
  readonly roomId: number | null;
  readonly state: 'retrying' | 'dead';
  readonly attempts: number | null;
  readonly at: Date;
  readonly nextAttemptAt: Date | null;
  readonly lastStatus: number | null;
  readonly lastError: string | null;
}

/** Bytes of a secret. */
const SECRET_BYTES = 32;
/** After a change the dispatcher that sends to the webhook ends, and one begins with what the webhook is then. */
const RESTART = { leasedBy: null, leasedUntil: null };
/** An endpoint that counted as down is tried at once. */
const UP = { attempts: 0, nextAttemptAt: null, failingSince: null, lastStatus: null, lastError: null };

/** The webhooks in PostgreSQL. Methods return undefined, or false, for an unknown one. */
export class WebhookRepository {
  constructor(private readonly db: Database) {}

  /** Creates a webhook that receives the events from now on. */
  async create({ url, events, rooms }: WebhookFields & { readonly url: string }): Promise<Webhook> {
    return this.db.$transaction(async (tx) => {
      const log = await tx.eventLogState.findFirst();
      const about = { url, events: [...(events ?? [])], rooms: (rooms ?? []).map(BigInt) };
      return tx.webhook.create({ data: { ...about, secret: newSecret(), position: log?.position ?? 0n } });
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

  /** Gives a webhook another secret. @param overlapSeconds time for which the one before signs as well */
  async rotate(id: number, overlapSeconds: number): Promise<Webhook | undefined> {
    const [row] = await this.db.$queryRaw<Array<{ id: bigint }>>`
      UPDATE webhooks SET previous_secret = secret, previous_until = now() + ${overlapSeconds}::int * interval '1 second',
        secret = ${newSecret()}, leased_by = NULL, leased_until = NULL WHERE id = ${id} RETURNING id`;
    return row && this.find(id);
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

  /** Delivers the events of a span of positions once more, beside what is delivered otherwise. */
  async redeliver(id: number, from: number, to: number): Promise<boolean> {
    return this.db.$transaction(async (tx) => {
      const { count } = await tx.webhook.updateMany({ where: { id }, data: RESTART });
      if (count === 0) return false;
      await tx.webhookLane.create({ data: { webhookId: id, next: from, until: to } });
      await tx.webhookDeadLetter.deleteMany({ where: { webhookId: id, position: { gte: from, lte: to } } });
      return true;
    });
  }

  /** Returns the positions of the first and the last event of a span of time; undefined if it has none. */
  async span(from: Date, to: Date): Promise<{ from: number; to: number } | undefined> {
    const [row] = await this.db.$queryRaw<Array<{ from: bigint | null; to: bigint | null }>>`
      SELECT min(position) AS "from", max(position) AS "to" FROM events WHERE at >= ${from} AND at <= ${to}`;
    return row?.from == null || row.to == null ? undefined : { from: Number(row.from), to: Number(row.to) };
  }

  /** Events that wait for a retry, the first of each room, and events that were given up, newest first. */
  async undelivered(id: number, limit: number): Promise<Undelivered[]> {
    const lanes = await this.db.webhookLane.findMany({
      where: { webhookId: id, until: null },
      ...{ orderBy: { since: 'desc' as const }, take: limit },
    });
    const dead = await this.db.webhookDeadLetter.findMany({
      where: { webhookId: id },
      ...{ orderBy: { position: 'desc' as const }, take: limit },
    });
    return [
      ...lanes.map(({ next, roomId, attempts, since, nextAttemptAt, lastStatus, lastError }) => ({
        ...{
          eventId: eventIdOf(next),
          roomId: roomId === null ? null : Number(roomId),
          state: 'retrying' as const,
        },
        ...{ attempts, at: since, nextAttemptAt, lastStatus, lastError },
      })),
      ...dead.map(({ position, at, lastStatus, lastError }) => ({
        ...{ eventId: eventIdOf(position), roomId: null, state: 'dead' as const, attempts: null, at },
        ...{ nextAttemptAt: null, lastStatus, lastError },
      })),
    ].slice(0, limit);
  }

  async #update(id: number, data: Prisma.WebhookUpdateManyMutationInput): Promise<Webhook | undefined> {
    const [row] = await this.db.webhook.updateManyAndReturn({ where: { id }, data: { ...data, ...RESTART } });
    return row;
  }
}

function newSecret(): string {
  return `whsec_${randomBytes(SECRET_BYTES).toString('base64')}`;
}
