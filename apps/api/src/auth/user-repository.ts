import { type Database, isUniqueViolation, Prisma, recordEvents } from '@chorus/database';
import type { Member } from '@chorus/protocol';
import type { Remember } from '../idempotency/remember.js';
import { NAME_KEYS_VERSION, nameKeys } from '../names/keys.js';
import { emailKey } from './account-inputs.js';

export type UserKind = 'person' | 'bot';

export interface Account {
  readonly id: number;
  readonly kind: UserKind;
  readonly createdAt: Date;
  readonly username: string;
  /** Empty for a user without one: a bot, or a person whom an application has created. */
  readonly email: string;
  /** Undefined for a user who cannot sign in. */
  readonly passwordHash: string | undefined;
  /** Number of times that all sessions were ended at once. */
  readonly generation: number;
  readonly displayName: string | undefined;
  readonly avatarUrl: string | undefined;
}

/** What a user shows; null removes it, undefined leaves it. */
export interface ProfileChange {
  readonly displayName?: string | null | undefined;
  readonly avatarUrl?: string | null | undefined;
}

interface Row {
  readonly id: bigint | number;
  readonly kind: string;
  readonly createdAt: Date;
  readonly username: string;
  readonly email: string | null;
  readonly passwordHash: string | null;
  readonly sessionGeneration: number;
  readonly displayName: string | null;
  readonly avatarUrl: string | null;
}

/** A user who signs up, or whom an application creates. */
export type NewAccount =
  | { readonly username: string; readonly email: string; readonly passwordHash: string }
  | { readonly username: string; readonly kind: UserKind };

/** Rolls a change back: another user has a name that conflicts. */
class NameTaken extends Error {}

/** The users in PostgreSQL. Ids come from a sequence, and numbers represent them exactly. */
export class UserRepository {
  constructor(private readonly db: Database) {}

  /** @returns undefined when the e-mail address or a similar user name is taken, even if two requests race */
  async create(user: NewAccount, remember?: Pick<Remember<Account>, 'store'>): Promise<Account | undefined> {
    const signIn = 'email' in user ? { emailKey: emailKey(user.email) } : {};
    const data = { ...user, ...signIn, nameKeysVersion: NAME_KEYS_VERSION };
    try {
      return await this.db.$transaction(async (tx) => {
        const [row] = await tx.user.createManyAndReturn({ data: [data], skipDuplicates: true });
        if (row === undefined) return undefined;
        await takeName(tx, row.id, user.username);
        await recordEvents(tx, [{ type: 'user.created', userId: Number(row.id) }]);
        const created = account(row);
        await remember?.store(tx, created);
        return created;
      });
    } catch (error) {
      if (error instanceof NameTaken) return undefined;
      throw error;
    }
  }

  /**
   * Gives a user another name. The one before is free at once.
   * @returns undefined when there is no such user; `taken` when another user has a similar name, even if two requests race
   */
  async rename(id: number, username: string): Promise<Account | 'taken' | undefined> {
    try {
      return await this.db.$transaction(async (tx) => {
        const [found] = await tx.$queryRaw<
          Row[]
        >`${ACCOUNT} WHERE id = ${BigInt(id)} AND deleted_at IS NULL FOR UPDATE`;
        if (found === undefined) return undefined;
        const previousUsername = found.username;
        if (previousUsername === username) return account(found);
        await tx.userNameKey.deleteMany({ where: { userId: id } });
        await takeName(tx, BigInt(id), username);
        const data = { username, nameKeysVersion: NAME_KEYS_VERSION };
        const row = await tx.user.update({ where: { id }, data });
        await recordEvents(tx, [{ type: 'user.changed', userId: id, data: { username, previousUsername } }]);
        return account(row);
      });
    } catch (error) {
      if (error instanceof NameTaken || isUniqueViolation(error)) return 'taken';
      throw error;
    }
  }

  /** Changes what a user shows. @returns undefined when there is no such user */
  async changeProfile(id: number, { displayName, avatarUrl }: ProfileChange): Promise<Account | undefined> {
    const changes = {
      ...(displayName !== undefined && { displayName }),
      ...(avatarUrl !== undefined && { avatarUrl }),
    };
    return this.db.$transaction(async (tx) => {
      const [row] = await tx.user.updateManyAndReturn({ where: { id, deletedAt: null }, data: changes });
      if (row === undefined) return undefined;
      const data = { username: row.username, previousUsername: row.username, ...changes };
      await recordEvents(tx, [{ type: 'user.changed', userId: id, data }]);
      return account(row);
    });
  }

  /**
   * Returns which of the two another user has, if any. A user name conflicts with each name that shares a key with
   * it.
   */
  async taken(username: string, email: string): Promise<'username' | 'email' | undefined> {
    const key = await this.db.userNameKey.findFirst({
      where: { key: { in: nameKeys(username) } },
      select: { key: true },
    });
    if (key !== null) return 'username';
    // Users created by a replica of an older version have no keys yet.
    const where = { OR: [{ username }, { emailKey: emailKey(email) }] };
    const rows = await this.db.user.findMany({ where, select: { username: true }, take: 2 });
    if (rows.length === 0) return undefined;
    return rows.some((row) => row.username === username) ? 'username' : 'email';
  }

  /**
   * Gives keys to users that have none, or those of an earlier {@link NAME_KEYS_VERSION}. All names stay valid: of
   * two users with similar names the older one gets the key.
   * @param limit largest number of users in this call
   * @returns number of users handled
   */
  async foldNames(limit: number): Promise<number> {
    const users = await this.db.user.findMany({
      where: { nameKeysVersion: { lt: NAME_KEYS_VERSION } },
      orderBy: { id: 'asc' },
      take: limit,
      select: { id: true, username: true },
    });
    if (users.length === 0) return 0;
    const ids = users.map(({ id }) => id);
    const data = users
      .flatMap(({ id, username }) => nameKeys(username).map((key) => ({ key, userId: id })))
      .sort((a, b) => (a.key < b.key ? -1 : a.key > b.key ? 1 : Number(a.userId - b.userId)));
    await this.db.$transaction([
      this.db.userNameKey.createMany({ data, skipDuplicates: true }),
      this.db.user.updateMany({ where: { id: { in: ids } }, data: { nameKeysVersion: NAME_KEYS_VERSION } }),
    ]);
    return users.length;
  }

  async findByEmail(email: string): Promise<Account | undefined> {
    const row = await this.db.user.findUnique({ where: { emailKey: emailKey(email) } });
    return row === null ? undefined : account(row);
  }

  /** Those of the users that exist, as other users see them. */
  async members(ids: readonly number[]): Promise<Map<number, Member>> {
    const rows = await this.db.user.findMany({
      where: { id: { in: ids.map(BigInt) }, deletedAt: null },
      select: { id: true, username: true, kind: true },
    });
    return new Map(
      rows.map(({ id, username, kind }) => [
        Number(id),
        { id: Number(id), username, ...(kind === 'bot' && { bot: true }) },
      ]),
    );
  }

  async findById(id: number): Promise<Account | undefined> {
    const [row] = await this.db.prepared.rows<Row>(
      Prisma.sql`${ACCOUNT} WHERE id = ${id}::bigint AND deleted_at IS NULL`,
    );
    return row && account(row);
  }

  /**
   * Users with ids above `after`, in ascending order of id.
   * @param beginning only users whose names begin with this, whatever its case; empty for all
   */
  async list(after: number, limit: number, beginning = ''): Promise<Account[]> {
    const rows = await this.db.$queryRaw<Row[]>`
      ${ACCOUNT} WHERE deleted_at IS NULL AND id > ${BigInt(after)} AND ${beginsWith(beginning)} ORDER BY id LIMIT ${limit}`;
    return rows.map(account);
  }
}

const ACCOUNT = Prisma.sql`
  SELECT id, kind, username, email, password_hash AS "passwordHash", session_generation AS "sessionGeneration",
    created_at AS "createdAt", display_name AS "displayName", avatar_url AS "avatarUrl"
  FROM users`;

/** Condition that the name of a user begins with a text, whatever its case. An index serves it. */
export function beginsWith(text: string): Prisma.Sql {
  const pattern = `${text.replaceAll(/[\\%_]/g, '\\$&')}%`;
  return Prisma.sql`lower(username) LIKE lower(${pattern})`;
}

/** @throws {NameTaken} */
async function takeName(tx: Prisma.TransactionClient, userId: bigint, username: string): Promise<void> {
  // Sorted, so that two racing sign-ups insert the keys in one order and do not deadlock.
  const data = nameKeys(username).map((key) => ({ key, userId }));
  const { count } = await tx.userNameKey.createMany({ data, skipDuplicates: true });
  if (count < data.length) throw new NameTaken();
}

function account(row: Row): Account {
  const { username, email, passwordHash, sessionGeneration, createdAt, displayName, avatarUrl } = row;
  return {
    id: Number(row.id),
    kind: row.kind === 'bot' ? 'bot' : 'person',
    createdAt,
    username,
    email: email ?? '',
    passwordHash: passwordHash ?? undefined,
    generation: sessionGeneration,
    displayName: displayName ?? undefined,
    avatarUrl: avatarUrl ?? undefined,
  };
}
