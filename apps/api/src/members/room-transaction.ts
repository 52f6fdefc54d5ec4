import { randomUUID } from 'node:crypto';
import { type NewEvent, type Prisma, recordEvents } from '@chorus/database';
import {
  type ChangeParts,
  encodeChange,
  type Member,
  type RoleOrNone,
  type RoomRole,
} from '@chorus/protocol';
import type { MirrorChanges, StoredMembership } from '../outbox/mirror-changes.js';
import { ROOM_COLUMNS, type Room, type RoomRow, roleOf, roomOf } from '../rooms/repository.js';

/** Properties of a room that can be changed. */
export interface RoomProperties {
  readonly name?: string | undefined;
  readonly topic?: string | undefined;
  readonly slowModeSeconds?: number | undefined;
  /** Null for no limit of its own. */
  readonly retentionDays?: number | null | undefined;
}

type DistributiveOmit<T, K extends PropertyKey> = T extends unknown ? Omit<T, K> : never;
/** A change as the outbox takes it: it gets its id and time there. */
export type RoomChange = DistributiveOmit<ChangeParts, 'id' | 'sentAt' | 'clientMsgId'>;

/** Memberships in one row of the outbox. */
const MEMBERSHIPS_IN_ROW = 1_000;

/** A room within a transaction that holds its row: no other transaction changes the room or its members. */
export class RoomTransaction {
  constructor(
    private readonly db: Prisma.TransactionClient,
    readonly room: Room,
  ) {}

  /** Locks the room. Messages can be archived meanwhile. @returns undefined when there is none */
  static async lock(db: Prisma.TransactionClient, roomId: number): Promise<RoomTransaction | undefined> {
    const [row] = await db.$queryRaw<RoomRow[]>`
      SELECT ${ROOM_COLUMNS} FROM rooms WHERE id = ${BigInt(roomId)} FOR NO KEY UPDATE`;
    return row && new RoomTransaction(db, roomOf(row));
  }

  get #id(): bigint {
    return BigInt(this.room.id);
  }

  async roleOf(userId: number | undefined): Promise<RoleOrNone> {
    const [row] = await this.db.$queryRaw<Array<{ role: RoleOrNone }>>`
      SELECT ${roleOf(userId)} FROM rooms LEFT JOIN room_members member
        ON member.room_id = rooms.id AND member.user_id = ${userId === undefined ? null : BigInt(userId)}::bigint
      WHERE rooms.id = ${this.#id}`;
    return row?.role ?? 'none';
  }

  /** Role that is stored for a user: unlike {@link roleOf}, a creator without a membership is no owner. */
  async membershipOf(userId: number): Promise<RoleOrNone> {
    const [row] = await this.db.$queryRaw<Array<{ role: RoleOrNone }>>`
      SELECT role FROM room_members WHERE room_id = ${this.#id} AND user_id = ${BigInt(userId)}`;
    return row?.role ?? 'none';
  }

  /** A user, as others see them; undefined when there is no account. */
  async user(userId: number): Promise<Member | undefined> {
    const select = { username: true, kind: true } as const;
    const user = await this.db.user.findUnique({ where: { id: userId, deletedAt: null }, select });
    if (user === null) return undefined;
    return { id: userId, username: user.username, ...(user.kind === 'bot' && { bot: true }) };
  }

  /** Number of members, counted up to `most`. */
  async countMembers(most: number): Promise<number> {
    const [row] = await this.db.$queryRaw<Array<{ count: bigint }>>`
      SELECT count(*) FROM (SELECT 1 FROM room_members WHERE room_id = ${this.#id} LIMIT ${most}::int) members`;
    return Number(row?.count ?? 0n);
  }

  /** Whether the room has an owner other than the user. */
  async hasOtherOwner(userId: number): Promise<boolean> {
    const rows = await this.db.$queryRaw<unknown[]>`
      SELECT 1 FROM room_members WHERE room_id = ${this.#id} AND role = 'owner' AND role <> 'member'
        AND user_id <> ${BigInt(userId)} LIMIT 1`;
    return rows.length > 0;
  }

  /**
   * The member who becomes the owner when the last one is deleted: a person before a bot, a moderator before other members, then the
   * member of longest standing. @returns undefined if the user is the only member
   */
  async heirOf(userId: number): Promise<Member | undefined> {
    const [row] = await this.db.$queryRaw<Array<{ id: bigint; username: string | null }>>`
      SELECT member.user_id AS id, users.username FROM room_members member LEFT JOIN users ON users.id = member.user_id
      WHERE member.room_id = ${this.#id} AND member.user_id <> ${BigInt(userId)} AND users.deleted_at IS NULL
      ORDER BY coalesce(users.kind, '') = 'bot', member.role = 'moderator' DESC, member.joined_at, member.user_id LIMIT 1`;
    return row && { id: Number(row.id), username: row.username ?? `user ${row.id}` };
  }

  /** A new member has read what is stored; archivers add what is stored before the entry that tells of the member. */
  async putMember(userId: number, role: RoomRole): Promise<void> {
    await this.db.$executeRaw`
      INSERT INTO room_members (room_id, user_id, role, read_epoch, read_seq, read_n)
      SELECT ${this.#id}, ${BigInt(userId)}, ${role}, coalesce(head.epoch, 0), coalesce(head.seq, 0), coalesce(head.n, 0)
      FROM (SELECT) this_member LEFT JOIN room_heads head ON head.room_id = ${this.#id}
      ON CONFLICT (room_id, user_id) DO UPDATE SET role = EXCLUDED.role`;
  }

  async removeMember(userId: number): Promise<void> {
    await this.db.roomMember.deleteMany({ where: { roomId: this.#id, userId } });
  }

  /** @param seconds 0 ends the mute @returns its end by PostgreSQL's clock, in milliseconds since 1970; null for none */
  async mute(userId: number, seconds: number): Promise<number | null> {
    if (seconds === 0) {
      await this.db.mute.deleteMany({ where: { roomId: this.#id, userId } });
      return null;
    }
    const [row] = await this.db.$queryRaw<Array<{ until: Date }>>`
      INSERT INTO mutes (room_id, user_id, until)
      VALUES (${this.#id}, ${BigInt(userId)}, now() + make_interval(secs => ${seconds}::int))
      ON CONFLICT (room_id, user_id) DO UPDATE SET until = EXCLUDED.until RETURNING until`;
    return row?.until.getTime() ?? null;
  }

  async setProperties({ name, topic, slowModeSeconds, retentionDays }: RoomProperties): Promise<Room> {
    const row = await this.db.room.update({
      where: { id: this.#id },
      data: {
        ...(name === undefined ? {} : { name }),
        ...(topic === undefined ? {} : { topic }),
        ...(slowModeSeconds === undefined ? {} : { slowModeSeconds }),
        ...(retentionDays === undefined ? {} : { retentionDays }),
      },
    });
    const data = { name, topic, slowModeSeconds, retentionDays };
    await recordEvents(this.db, [{ type: 'room.changed', roomId: this.room.id, data }]);
    return roomOf(row);
  }

  /** Deletes the room with its members. Entries that were not published yet are gone with it. */
  async delete(): Promise<void> {
    const members = await this.db.$queryRaw<Array<{ userId: bigint }>>`
      SELECT user_id AS "userId" FROM room_members WHERE room_id = ${this.#id}
      UNION SELECT user_id FROM mutes WHERE room_id = ${this.#id}`;
    await this.db.outboxEntry.updateMany({ where: { roomId: this.#id }, data: { body: null } });
    await this.db.room.delete({ where: { id: this.#id } });
    const gone = members.map(({ userId }) => [Number(userId), 'none', null] as const);
    await this.mirror(gone, 0);
    // After the deletion, which has waited for archivers that store messages of the room.
    await recordEvents(this.db, [{ type: 'room.deleted', roomId: this.room.id }]);
  }

  /** Puts memberships into the outbox as they are now. @param slowModeSeconds undefined if it stays as it is */
  async mirror(memberships: readonly StoredMembership[], slowModeSeconds?: number): Promise<void> {
    for (let at = 0; at < memberships.length; at += MEMBERSHIPS_IN_ROW) {
      await this.#put(null, { memberships: memberships.slice(at, at + MEMBERSHIPS_IN_ROW) });
    }
    if (slowModeSeconds !== undefined) await this.#put(null, { slowModeSeconds });
  }

  /** Puts into the outbox that the room's retention is to be mirrored, as it is at the delivery. */
  mirrorRetention(): Promise<void> {
    return this.#put(null, { retention: true });
  }

  /**
   * Puts an entry of the room's stream into the outbox.
   * @param userId the user whose membership changed with it
   */
  async record(by: Member, change: RoomChange, userId?: number): Promise<void> {
    const id = `room-change-${randomUUID()}`;
    const body = encodeChange(this.room.id, by, { ...change, id, sentAt: Date.now() } as ChangeParts);
    const memberships = userId === undefined ? {} : { memberships: [await this.#membership(userId)] };
    const slowModeSeconds = change.change === 'room-changed' ? change.slowModeSeconds : undefined;
    await this.#put(body, { ...memberships, ...(slowModeSeconds === undefined ? {} : { slowModeSeconds }) });
    await recordEvents(this.db, eventsOf(this.room.id, by, change));
  }

  async #membership(userId: number): Promise<StoredMembership> {
    const [row] = await this.db.$queryRaw<Array<{ role: RoleOrNone | null; until: Date | null }>>`
      SELECT (SELECT role FROM room_members WHERE room_id = ${this.#id} AND user_id = ${BigInt(userId)}) AS role,
        (SELECT until FROM mutes WHERE room_id = ${this.#id} AND user_id = ${BigInt(userId)} AND until > now()) AS until`;
    return [userId, row?.role ?? 'none', row?.until?.getTime() ?? null];
  }

  async #put(body: string | null, mirror: MirrorChanges): Promise<void> {
    await this.db.$executeRaw`
      INSERT INTO outbox (room_id, body, mirror) VALUES (${this.#id}, ${body}, ${JSON.stringify(mirror)}::jsonb)`;
  }
}

/** The event of a change of members. Changes of properties have one where they are stored. */
function eventsOf(roomId: number, { id: by }: Member, change: RoomChange): NewEvent[] {
  switch (change.change) {
    case 'member-added':
      return [{ type: 'member.added', ...about(change), data: { by, role: change.role ?? 'member' } }];
    case 'member-changed': {
      const { role, mutedUntil } = change;
      return [{ type: 'member.changed', ...about(change), data: { by, role, mutedUntil } }];
    }
    case 'member-removed':
      return [{ type: 'member.removed', ...about(change), data: { by } }];
    default:
      return [];
  }

  function about({ member }: { readonly member: Member }) {
    return { roomId, userId: member.id };
  }
}
