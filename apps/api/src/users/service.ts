import { Refusal } from '@chorus/protocol';
import type { Account, UserKind, UserRepository } from '../auth/user-repository.js';
import type { Remember } from '../idempotency/remember.js';
import type { UserDeletions } from './deletions.js';

export interface UserServices {
  readonly accounts: UserService;
}

/** The users of the application, for operators and API keys. Methods with an id throw a {@link Refusal} 404 for an unknown one. */
export class UserService {
  constructor(
    private readonly users: Pick<UserRepository, 'create' | 'rename' | 'findById' | 'list'>,
    private readonly deletions: Pick<UserDeletions, 'delete'>,
  ) {}

  async get(id: number): Promise<Account> {
    return known(await this.users.findById(id));
  }

  /**
   * Returns a page in ascending order of id.
   * @param after id after which the page begins
   * @param beginning only users whose names begin with this, whatever its case
   */
  async list(
    after: number,
    limit: number,
    beginning?: string,
  ): Promise<{ users: Account[]; nextCursor: number | null }> {
    const found = await this.users.list(after, limit + 1, beginning);
    const users = found.slice(0, limit);
    return { users, nextCursor: found.length > limit ? (users.at(-1)?.id ?? null) : null };
  }

  /** Creates a user who has no password. @throws {Refusal} 409 a similar name is taken */
  async create(
    user: { readonly username: string; readonly kind: UserKind },
    remember?: Remember<Account>,
  ): Promise<Account> {
    const account = await this.users.create(user, remember);
    if (account === undefined) throw new Refusal('conflict', 'username');
    return account;
  }

  /** @throws {Refusal} 409 a similar name is taken */
  async change(id: number, { username }: { readonly username: string }): Promise<Account> {
    const account = known(await this.users.rename(id, username));
    if (account === 'taken') throw new Refusal('conflict', 'username');
    return account;
  }

  /** See {@link UserDeletions.delete}. */
  delete(id: number): Promise<void> {
    return this.deletions.delete(id);
  }
}

/** @throws {Refusal} 404 */
function known<T>(found: T | undefined): T {
  if (found === undefined) throw new Refusal('user_not_found');
  return found;
}
