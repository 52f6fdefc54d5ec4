import {
  type Broker,
  type RoomDirectory,
  RoomNotFoundError,
  roomSize,
  SMALL_ROOM_MEMBERS,
} from '@chorus/broker';
import type { MembershipList } from '@chorus/control';
import type { Database, Prisma } from '@chorus/database';
import { UnavailableError } from '@chorus/redis';
import type { Logger } from '@chorus/service';
import { MIRROR_LOCK } from './locks.js';
import { type MirrorChanges, membershipChanges } from './mirror-changes.js';

interface Row {
  id: bigint;
  body: string | null;
  mirror: MirrorChanges;
}

/** Rows delivered in one transaction, which holds locks while Redis is asked. */
const ROWS_AT_ONCE = 100;
/** Longest transaction, in milliseconds. */
const TIMEOUT_MS = 30_000;
/** Age at which a row is no longer left to the request that made it, in seconds. */
const ABANDONED_SECONDS = 1;
/** Rooms delivered by one sweep. */
const ROOMS_AT_ONCE = 500;

export interface OutboxParts {
  readonly db: Database;
  readonly memberships: MembershipList;
  readonly directory: Pick<RoomDirectory, 'setSize' | 'setRetention'>;
  readonly publisher: Pick<Broker, 'publish'>;
  readonly log: Logger;
}

/**
 * Delivers changes of rooms from PostgreSQL to Redis: writes memberships and the size of the room to the mirror, then publishes the
 * entry, then deletes the row. Rows of a room are delivered in the order of their transactions. Any number of processes may deliver at once. An entry is
 * published with its row as idempotency key, so a delivery that is repeated within five minutes publishes nothing twice.
 */
export class Outbox {
  constructor(private readonly parts: OutboxParts) {}

  /**
   * Delivers all rows of a room.
   * @throws {UnavailableError} or what the database throws: {@link sweep} delivers the rest later
   */
  async deliver(roomId: number): Promise<void> {
    while ((await this.#deliverSome(roomId)) === ROWS_AT_ONCE);
  }

  /** Whether a change of this user's membership of the room is not delivered yet. */
  async concerns(roomId: number, userId: number): Promise<boolean> {
    const rows = await this.parts.db.$queryRaw<unknown[]>`
      SELECT 1 FROM outbox, jsonb_array_elements(mirror->'memberships') membership
      WHERE room_id = ${BigInt(roomId)} AND membership->0 = to_jsonb(${BigInt(userId)}::bigint) LIMIT 1`;
    return rows.length > 0;
  }

  /** Delivers rows that requests have left. Continues with other rooms when one fails. */
  async sweep(): Promise<void> {
    const rooms = await this.parts.db.$queryRaw<Array<{ roomId: bigint }>>`
      SELECT DISTINCT room_id AS "roomId" FROM (
        SELECT room_id FROM outbox WHERE created_at < now() - make_interval(secs => ${ABANDONED_SECONDS})
        ORDER BY id LIMIT ${ROOMS_AT_ONCE}
      ) old`;
    let failure: unknown;
    for (const { roomId } of rooms) {
      await this.deliver(Number(roomId)).catch((error: unknown) => {
        failure = error;
      });
    }
    if (failure !== undefined) throw failure;
  }

  #deliverSome(roomId: number): Promise<number> {
    return this.parts.db.$transaction(
      async (tx) => {
        await tx.$queryRaw`SELECT pg_advisory_xact_lock_shared(${MIRROR_LOCK}::bigint)::text`;
        // Another process that delivers these rows has deleted them when the lock is granted.
        const rows = await tx.$queryRaw<Row[]>`
          SELECT id, body, mirror FROM outbox WHERE room_id = ${BigInt(roomId)} ORDER BY id LIMIT ${ROWS_AT_ONCE} FOR UPDATE`;
        if (rows.some(({ mirror }) => mirror.memberships !== undefined)) await this.#mirrorSize(tx, roomId);
        if (rows.some(({ mirror }) => mirror.retention)) await this.#mirrorRetention(tx, roomId);
        for (const row of rows) await this.#deliverRow(tx, roomId, row);
        if (rows.length > 0) {
          await tx.$executeRaw`DELETE FROM outbox WHERE id = ANY(${rows.map(({ id }) => id)})`;
        }
        return rows.length;
      },
      { timeout: TIMEOUT_MS, maxWait: TIMEOUT_MS },
    );
  }

  /** Before entries are published, so that news of the room begin with the entry that adds its first member. */
  async #mirrorSize(tx: Prisma.TransactionClient, roomId: number): Promise<void> {
    const [row] = await tx.$queryRaw<Array<{ count: bigint }>>`
      SELECT count(*) FROM (
        SELECT 1 FROM room_members WHERE room_id = ${BigInt(roomId)} LIMIT ${SMALL_ROOM_MEMBERS + 1}
      ) members`;
    await this.parts.directory.setSize(roomId, roomSize(Number(row?.count ?? 0n)));
  }

  async #mirrorRetention(tx: Prisma.TransactionClient, roomId: number): Promise<void> {
    const room = await tx.room.findUnique({ where: { id: roomId }, select: { retentionDays: true } });
    await this.parts.directory.setRetention(roomId, room?.retentionDays ?? null);
  }

  async #deliverRow(tx: Prisma.TransactionClient, roomId: number, { id, body, mirror }: Row): Promise<void> {
    const { memberships, publisher, log } = this.parts;
    const { slowModeSeconds } = mirror;
    await memberships.change(membershipChanges(roomId, mirror));
    if (slowModeSeconds !== undefined) await memberships.setSlowMode({ roomId, seconds: slowModeSeconds });
    if (body === null) return;
    try {
      await publisher.publish(roomId, body, `outbox:${id}`);
    } catch (error) {
      if (!(error instanceof RoomNotFoundError)) throw error;
      // A room that PostgreSQL has is brought to Redis by the mirror of rooms.
      if ((await tx.room.count({ where: { id: roomId } })) > 0) {
        throw new UnavailableError('gateways do not know the room yet', { cause: error });
      }
      log.debug({ roomId }, 'the room of a change was deleted');
    }
  }
}
