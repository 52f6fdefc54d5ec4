import { Refusal } from '@chorus/protocol';
import { requirePasswords } from '../auth/passwords/require-passwords.js';
import type { PasswordResets, ResetLink } from '../auth/reset/password-resets.js';
import type { Account, UserKind, UserRepository } from '../auth/user-repository.js';
import type { Remember } from '../idempotency/remember.js';
import type { UserDeletions } from './deletions.js';

export interface UserServices {
  readonly accounts: UserService;
}

export interface UserServiceParts {
  readonly users: Pick<UserRepository, 'create' | 'rename' | 'findById' | 'list'>;
  readonly deletions: Pick<UserDeletions, 'delete'>;
  readonly resets: PasswordResets;
  /** Whether users sign up and in with passwords. */
  readonly passwordsOn: boolean;
}

/** The users of the application, for operators and API keys. Methods with an id throw a {@link Refusal} 404 for an unknown one. */
export class UserService {
  constructor(private readonly parts: UserServiceParts) {}

  async get(id: number): Promise<Account> {
    return known(await this.parts.users.findById(id));
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
    const found = await this.parts.users.list(after, limit + 1, beginning);
    const users = found.slice(0, limit);
    return { users, nextCursor: found.length > limit ? (users.at(-1)?.id ?? null) : null };
  }

  /** Creates a user who has no password. @throws {Refusal} 409 a similar name is taken */
  async create(
    user: { readonly username: string; readonly kind: UserKind },
    remember?: Remember<Account>,
  ): Promise<Account> {
    const account = await this.parts.users.create(user, remember);
    if (account === undefined) throw new Refusal('conflict', 'username');
    return account;
  }

  /** @throws {Refusal} 409 a similar name is taken */
  async change(id: number, { username }: { readonly username: string }): Promise<Account> {
    const account = known(await this.parts.users.rename(id, username));
    if (account === 'taken') throw new Refusal('conflict', 'username');
    return account;
  }

  /**
   * Makes a link by which the user chooses a new password. Links made before stay valid until one is used.
   * @throws {Refusal} 409 the user has no password, 403 passwords are not used
   */
  async createResetLink(id: number): Promise<ResetLink> {
    requirePasswords(this.parts);
    const { passwordHash } = await this.get(id);
    if (passwordHash === undefined) throw new Refusal('no_password');
    return known(await this.parts.resets.create(id));
  }

  /** Returns the user of a reset link; undefined if the link has expired or ended, or never existed. */
  async findByResetToken(token: string): Promise<Account | undefined> {
    const id = await this.parts.resets.userOf(token);
    return id === undefined ? undefined : this.parts.users.findById(id);
  }

  /** See {@link UserDeletions.delete}. */
  delete(id: number): Promise<void> {
    return this.parts.deletions.delete(id);
  }
}

/** @throws {Refusal} 404 */
function known<T>(found: T | undefined): T {
  if (found === undefined) throw new Refusal('user_not_found');
  return found;
}
