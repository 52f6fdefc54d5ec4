import type { Account, UserRepository } from '../auth/user-repository.js';
import { namesFor } from './claimed-names.js';
import type { Identity } from './identity.js';
import { type IdentityRepository, IdentityTaken, type KnownUser } from './identity-repository.js';

/** A user who may get a session. */
export type IdentifiedUser = Pick<KnownUser, 'id' | 'username' | 'generation'>;

/** The users of identity providers: creates them at their first sign-in, and keeps their names current. */
export class IdentityService {
  constructor(
    private readonly identities: IdentityRepository,
    private readonly users: Pick<UserRepository, 'create' | 'rename'>,
  ) {}

  /** Returns the user of a verified identity. Of requests that race for the first sign-in, one creates the user. */
  async userOf(identity: Identity): Promise<IdentifiedUser> {
    const known = await this.identities.find(identity);
    if (known !== undefined) return this.#current(known, identity);
    const created = await this.#create(identity);
    if (created !== undefined) return created;
    const other = await this.identities.find(identity);
    if (other === undefined) throw new Error('the user was neither created nor found');
    return this.#current(other, identity);
  }

  /** @returns undefined if another request has created the user */
  async #create(identity: Identity): Promise<Account | undefined> {
    for (const username of namesFor(identity.name)) {
      try {
        const user = await this.users.create(
          { username, kind: 'person' },
          {
            store: (tx, made) => this.identities.link(tx, made, identity),
          },
        );
        if (user !== undefined) return user;
      } catch (error) {
        if (error instanceof IdentityTaken) return undefined;
        throw error;
      }
    }
    throw new Error('each name for a new user is taken');
  }

  /**
   * Returns the user as the newest token claims. The name changes only when the claim does: a user who got another name because of a
   * collision keeps it.
   */
  async #current(user: KnownUser, identity: Identity): Promise<IdentifiedUser> {
    const nameChanged = identity.name !== user.claimedName;
    if (!nameChanged && identity.avatarUrl === user.claimedAvatar) return user;
    // A token of before the latest change.
    if (identity.issuedAt < user.claimedAt) return user;
    const username =
      nameChanged && identity.name !== undefined ? await this.#rename(user, identity.name) : undefined;
    await this.identities.claim(user, identity);
    return { ...user, username: username ?? user.username };
  }

  /** @returns undefined for a user who was deleted meanwhile */
  async #rename({ id }: KnownUser, claimed: string): Promise<string | undefined> {
    for (const name of namesFor(claimed)) {
      const renamed = await this.users.rename(id, name);
      if (renamed !== 'taken') return renamed?.username;
    }
    return undefined;
  }
}
