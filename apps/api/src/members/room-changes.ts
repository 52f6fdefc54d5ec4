import { type Database, isUniqueViolation, type NewEvent, Prisma, recording } from '@chorus/database';
import type { RoomKind, RoomRole } from '@chorus/protocol';
import { createOnce, type Remember } from '../idempotency/remember.js';
import type { MirrorChanges } from '../outbox/mirror-changes.js';
import { ROOM_COLUMNS, type Room, type RoomRow, roomOf } from '../rooms/repository.js';
import { RoomTransaction } from './room-transaction.js';

export interface NewRoom {
  readonly name: string;
  readonly kind: RoomKind;
  readonly topic: string;
  readonly createdBy: number | null;
  /** Ids of the users of a direct room, ascending, joined by commas. */
  readonly directKey?: string;
  readonly members: ReadonlyArray<readonly [userId: number, role: RoomRole]>;
}

/** Longest change, in milliseconds: a room with very many members may be deleted. */
const TIMEOUT_MS = 30_000;

/** Changes of rooms and members in PostgreSQL, each with what the outbox delivers of it. */
export class RoomChanges {
  constructor(private readonly db: Database) {}

  /**
   * Runs a change of a room, one after the other in each room. Nothing has changed when it rejects.
   * @param change gets undefined when there is no such room
   */
  inRoom<T>(roomId: number, change: (room: RoomTransaction | undefined) => Promise<T>): Promise<T> {
    return this.transaction(async (tx) => change(await RoomTransaction.lock(tx, roomId)));
  }

  transaction<T>(work: (tx: Prisma.TransactionClient) => Promise<T>): Promise<T> {
    return this.db.$transaction(work, { timeout: TIMEOUT_MS });
  }

  /**
   * Creates a room with its members in one statement.
   * @returns undefined when the id, or the direct key, is taken, even if two requests race; also while rows of a deleted room have the id
   */
  async create(id: number, fields: NewRoom, remember?: Remember<Room>): Promise<Room | undefined> {
    const { name, kind, topic, createdBy, directKey = null, members } = fields;
    const creator = createdBy === null ? null : BigInt(createdBy);
    const mirror: MirrorChanges = { memberships: members.map(([userId, role]) => [userId, role, null]) };
    const events: NewEvent[] = [
      { type: 'room.created', roomId: id, userId: createdBy, data: { name, kind, topic } },
      ...members.map(
        ([userId, role]) => ({ type: 'member.added', roomId: id, userId, data: { role } }) as const,
      ),
    ];
    const creating = createOnce(this.db, remember, async (db) => {
      const [row] = await db.$queryRaw<RoomRow[]>`
        WITH made AS (
          INSERT INTO rooms (id, name, kind, topic, creator_id, direct_key)
          VALUES (${BigInt(id)}, ${name}, ${kind}, ${topic}, ${creator}::bigint, ${directKey})
          ON CONFLICT DO NOTHING RETURNING *
        ), joined AS (
          INSERT INTO room_members (room_id, user_id, role) SELECT made.id, member.id, member.role FROM made
          CROSS JOIN unnest(${members.map(([userId]) => BigInt(userId))}::bigint[], ${members.map(([, role]) => role)}::text[])
            AS member(id, role)
        ), mirrored AS (
          INSERT INTO outbox (room_id, mirror) SELECT made.id, ${JSON.stringify(mirror)}::jsonb FROM made
          WHERE ${members.length > 0}
        ), recorded AS (${recording(events, Prisma.sql`EXISTS (SELECT FROM made)`)}) SELECT ${ROOM_COLUMNS} FROM made rooms`;
      return row && roomOf(row);
    });
    return creating.catch((error: unknown) => {
      if (isUniqueViolation(error)) return undefined;
      throw error;
    });
  }

  /** The direct room of a set of users. */
  async findDirect(directKey: string): Promise<Room | undefined> {
    const [row] = await this.db.$queryRaw<RoomRow[]>`
      SELECT ${ROOM_COLUMNS} FROM rooms WHERE direct_key = ${directKey}`;
    return row && roomOf(row);
  }
}
