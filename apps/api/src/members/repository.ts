import { type Database, Prisma } from '@chorus/database';
import type { Position, RoleOrNone } from '@chorus/protocol';
import { beginsWith } from '../auth/user-repository.js';

/** A member, or a muted user, of a room. */
export interface RoomMember {
  readonly id: number;
  /** Empty for a user without an account (`AUTH=open`). */
  readonly username: string;
  readonly bot: boolean;
  readonly displayName: string | undefined;
  readonly avatarUrl: string | undefined;
  readonly role: RoleOrNone;
  /** Undefined for a user who is not a member. */
  readonly joinedAt: Date | undefined;
  /** End of a mute that has not ended. */
  readonly mutedUntil: Date | undefined;
  /** Position up to which the member has read; 0-0 for nothing, undefined if it is not told. */
  readonly read?: Position | undefined;
}

export interface MemberPage {
  readonly members: readonly RoomMember[];
  readonly nextCursor: number | null;
}

/** A user who was found by name. */
export interface FoundUser {
  readonly id: number;
  readonly username: string;
  readonly bot?: true;
  readonly displayName?: string;
  readonly avatarUrl?: string;
}

interface Shown {
  displayName: string | null;
  avatarUrl: string | null;
}

interface Row extends Shown {
  id: number;
  username: string | null;
  kind: string | null;
  role: RoleOrNone | null;
  joinedAt: Date | null;
  mutedUntil: Date | null;
}

const SHOWN = Prisma.sql`users.display_name AS "displayName", users.avatar_url AS "avatarUrl"`;
const COLUMNS = Prisma.sql`users.username, users.kind, ${SHOWN}, member.role, member.joined_at AS "joinedAt", mute.until AS "mutedUntil"`;

/** Members and users in PostgreSQL, for reading. */
export class MemberRepository {
  constructor(private readonly db: Database) {}

  /** Members with ids above `after`, in ascending order of id. */
  async page(roomId: number, after: number, limit: number): Promise<MemberPage> {
    const rows = await this.db.prepared.rows<Row>(Prisma.sql`
      SELECT member.user_id AS id, ${COLUMNS} FROM (
        SELECT * FROM room_members WHERE room_id = (SELECT ${roomId}::bigint) AND user_id > (SELECT ${after}::bigint)
        ORDER BY user_id LIMIT (SELECT ${limit + 1}::bigint)
      ) member
      LEFT JOIN mutes mute ON mute.room_id = member.room_id AND mute.user_id = member.user_id AND mute.until > now()
      LEFT JOIN users ON users.id = member.user_id ORDER BY member.user_id`);
    const members = rows.slice(0, limit).map(memberOf);
    return { members, nextCursor: rows.length > limit ? (members.at(-1)?.id ?? null) : null };
  }

  /** Whether the room has at most `most` members. */
  async hasAtMost(roomId: number, most: number): Promise<boolean> {
    const [row] = await this.db.prepared.rows<{ count: number }>(Prisma.sql`
      SELECT count(*) FROM (
        SELECT 1 FROM room_members WHERE room_id = (SELECT ${roomId}::bigint) LIMIT (SELECT ${most + 1}::bigint)
      ) members`);
    return (row?.count ?? 0) <= most;
  }

  /** The stored positions up to which members have read a room. */
  async readPositions(roomId: number, userIds: readonly number[]): Promise<Map<number, Position>> {
    const rows = await this.db.prepared.rows<{ id: number } & Position>(Prisma.sql`
      SELECT user_id AS id, read_epoch AS epoch, read_seq AS seq FROM room_members
      WHERE room_id = ${roomId}::bigint AND user_id = ANY(${userIds}::bigint[])`);
    return new Map(rows.map(({ id, epoch, seq }) => [id, { epoch, seq }]));
  }

  /** A member or muted user; undefined for any other user. */
  async find(roomId: number, userId: number): Promise<RoomMember | undefined> {
    const [row] = await this.db.prepared.rows<Row>(Prisma.sql`
      SELECT wanted.id, ${COLUMNS} FROM (SELECT ${userId}::bigint AS id, ${roomId}::bigint AS room_id) wanted
      LEFT JOIN room_members member ON member.room_id = wanted.room_id AND member.user_id = wanted.id
      LEFT JOIN mutes mute ON mute.room_id = wanted.room_id AND mute.user_id = wanted.id AND mute.until > now()
      LEFT JOIN users ON users.id = wanted.id`);
    return row && memberOf(row);
  }

  /** Users whose names begin with a text, whatever its case, in the order of their names. */
  async search(text: string, limit: number): Promise<FoundUser[]> {
    const rows = await this.db.$queryRaw<Array<{ id: bigint; username: string; kind: string } & Shown>>`
      SELECT id, username, kind, ${SHOWN} FROM users WHERE ${beginsWith(text)} AND deleted_at IS NULL
      ORDER BY lower(username), id LIMIT ${limit}`;
    return rows.map(({ id, username, kind, displayName, avatarUrl }) => ({
      id: Number(id),
      username,
      ...(kind === 'bot' ? { bot: true } : {}),
      ...(displayName !== null && { displayName }),
      ...(avatarUrl !== null && { avatarUrl }),
    }));
  }
}

function memberOf({
  id,
  username,
  kind,
  displayName,
  avatarUrl,
  role,
  joinedAt,
  mutedUntil,
}: Row): RoomMember {
  return {
    id,
    username: username ?? '',
    bot: kind === 'bot',
    displayName: displayName ?? undefined,
    avatarUrl: avatarUrl ?? undefined,
    role: role ?? 'none',
    joinedAt: joinedAt ?? undefined,
    mutedUntil: mutedUntil ?? undefined,
  };
}
