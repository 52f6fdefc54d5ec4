import { type Database, Prisma } from '@chorus/database';

/** Who made a request, and the `Idempotency-Key` that it had. */
export interface RequestKey {
  readonly caller: string;
  readonly key: string;
}

/** What is kept of the answer to a request that created something. */
export interface Answer {
  /** Id of what was created. */
  readonly createdId: string | number;
  /** Undefined if it holds a secret. */
  readonly body?: object | undefined;
  /** Header `Location`. */
  readonly location?: string | undefined;
}

export interface StoredAnswer {
  /** SHA-256 of the request. */
  readonly request: Uint8Array;
  readonly createdId: string;
  readonly body: object | undefined;
  readonly location: string | undefined;
}

/** How long answers are kept, in hours. */
export const KEPT_HOURS = 24;
/** Rows removed in one statement. */
const REMOVED_AT_ONCE = 1_000;

const EXPIRED = Prisma.sql`idempotency_keys.created_at < now() - make_interval(hours => ${KEPT_HOURS}::int)`;

/** Answers to requests with an `Idempotency-Key`, in PostgreSQL. */
export class StoredAnswers {
  constructor(private readonly db: Database) {}

  async find({ caller, key }: RequestKey): Promise<StoredAnswer | undefined> {
    const [row] = await this.db.$queryRaw<
      Array<{ request: Uint8Array; createdId: string; answer: object | null; location: string | null }>
    >`
      SELECT request, created_id AS "createdId", answer, location FROM idempotency_keys
      WHERE caller = ${caller} AND key = ${key} AND NOT ${EXPIRED}`;
    if (row === undefined) return undefined;
    const { request, createdId, answer, location } = row;
    return { request, createdId, body: answer ?? undefined, location: location ?? undefined };
  }

  /**
   * Stores an answer within a transaction. Waits for another transaction that stores one for this key.
   * @returns false when there is one already
   */
  async add(
    tx: Pick<Database, '$executeRaw'>,
    { caller, key }: RequestKey,
    request: Uint8Array<ArrayBuffer>,
    { createdId, body, location }: Answer,
  ): Promise<boolean> {
    const answer = body === undefined ? null : JSON.stringify(body);
    const stored = await tx.$executeRaw`
      INSERT INTO idempotency_keys (caller, key, request, created_id, answer, location)
      VALUES (${caller}, ${key}, ${request}, ${String(createdId)}, ${answer}::json, ${location ?? null})
      ON CONFLICT (caller, key) DO UPDATE SET request = EXCLUDED.request, created_id = EXCLUDED.created_id,
        answer = EXCLUDED.answer, location = EXCLUDED.location, created_at = EXCLUDED.created_at
      WHERE ${EXPIRED}`;
    return stored > 0;
  }

  /** Removes an answer within a transaction that takes back what the request created. */
  async remove(tx: Pick<Database, '$executeRaw'>, { caller, key }: RequestKey): Promise<void> {
    await tx.$executeRaw`DELETE FROM idempotency_keys WHERE caller = ${caller} AND key = ${key}`;
  }

  /** Removes answers that are not kept any more, a bounded number of them. @returns whether there may be more */
  async removeExpired(): Promise<boolean> {
    const removed = await this.db.$executeRaw`
      DELETE FROM idempotency_keys WHERE ctid = ANY(ARRAY(
        SELECT ctid FROM idempotency_keys WHERE ${EXPIRED} LIMIT ${REMOVED_AT_ONCE}))`;
    return removed === REMOVED_AT_ONCE;
  }
}
