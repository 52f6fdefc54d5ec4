import type { Database } from '@chorus/database';
import { emailKey } from './account-inputs.js';

export interface Account {
  readonly id: number;
  readonly username: string;
  readonly email: string;
  readonly passwordHash: string;
}

type Row = Omit<Account, 'id'> & { id: bigint };

/** The users in PostgreSQL. Ids come from a sequence, far below what a number holds exactly. */
export class UserRepository {
  constructor(private readonly db: Database) {}

  /** @returns undefined when user name or e-mail address are taken, however close the race */
  async create(user: Omit<Account, 'id'>): Promise<Account | undefined> {
    const [row] = await this.db.user.createManyAndReturn({
      data: [{ ...user, emailKey: emailKey(user.email) }],
      skipDuplicates: true,
    });
    return row && account(row);
  }

  /** Which of the two, if any, somebody else has. */
  async taken(username: string, email: string): Promise<'username' | 'email' | undefined> {
    const key = emailKey(email);
    const rows = await this.db.user.findMany({
      where: { OR: [{ username }, { emailKey: key }] },
      select: { username: true },
      take: 2,
    });
    if (rows.length === 0) return undefined;
    return rows.some((row) => row.username === username) ? 'username' : 'email';
  }

  async findByEmail(email: string): Promise<Account | undefined> {
    const row = await this.db.user.findUnique({ where: { emailKey: emailKey(email) } });
    return row === null ? undefined : account(row);
  }

  async findById(id: number): Promise<Account | undefined> {
    const row = await this.db.user.findUnique({ where: { id } });
    return row === null ? undefined : account(row);
  }
}

function account(row: Row): Account {
  return { id: Number(row.id), username: row.username, email: row.email, passwordHash: row.passwordHash };
}
