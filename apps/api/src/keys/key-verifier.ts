import { isSecretOf, parseKey } from '@chorus/auth';
import { type Member, Refusal } from '@chorus/protocol';
import type { Logger } from '@chorus/service';
import type { ApiKey } from './api-key.js';
import type { KeyRepository } from './key-repository.js';
import { ShortCache } from './short-cache.js';

/**
 * How long a key, or the name of a user as whom a key acts, is used without being read again, in milliseconds. A key is refused by
 * every API at the latest this long after it was revoked.
 */
const TTL_MS = 500;

export interface KeyVerifierParts {
  readonly keys: Pick<KeyRepository, 'find' | 'use'>;
  /** Those of the users that have an account. */
  readonly users: (userIds: readonly number[]) => Promise<ReadonlyMap<number, Member>>;
  /** Whether users without an account take part, as with `AUTH=open`. */
  readonly accountsElsewhere: boolean;
  readonly log: Logger;
}

interface CachedKey {
  readonly key: ApiKey;
  readonly secretHash: Uint8Array;
  readonly valid: boolean;
  /** Whether the next use is to be stored. */
  unused: boolean;
}

/** Verifies API keys, and finds the users as whom they act. */
export class KeyVerifier {
  readonly #keys;
  readonly #users;

  constructor(private readonly parts: KeyVerifierParts) {
    this.#keys = new ShortCache((ids: readonly string[]) => this.#find(ids), TTL_MS);
    this.#users = new ShortCache(parts.users, TTL_MS);
  }

  /**
   * @throws {Refusal} 401 for a key that is unknown, wrong, expired or revoked, without a difference
   * @throws what the database throws while it is unavailable
   */
  async verify(text: string): Promise<ApiKey> {
    const given = parseKey(text);
    if (given === undefined) throw new Refusal('unauthenticated', 'key');
    const found = await this.#keys.get(given.id);
    const matches = isSecretOf(given, found?.secretHash);
    if (found === undefined || !matches || !found.valid) throw new Refusal('unauthenticated', 'key');
    if (found.unused) {
      found.unused = false;
      this.#use(given.id);
    }
    return found.key;
  }

  /** Returns a user as whom a key may act; undefined for an unknown one. */
  async user(id: number): Promise<Member | undefined> {
    const user = await this.#users.get(id);
    if (user !== undefined) return user;
    return this.parts.accountsElsewhere ? { id, username: `user ${id}` } : undefined;
  }

  async #find(ids: readonly string[]): Promise<ReadonlyMap<string, CachedKey>> {
    const found = await this.parts.keys.find(ids);
    return new Map(
      [...found].map(([id, { key, secretHash, valid, unused }]) => {
        const { name, scopes, botId, expiresAt, messagesPerSecond } = key;
        return [
          id,
          {
            key: { id, name, scopes: new Set(scopes), botId, expiresAt, messagesPerSecond },
            secretHash,
            valid,
            unused,
          },
        ];
      }),
    );
  }

  #use(keyId: string): void {
    this.parts.keys.use(keyId).catch((error: unknown) => {
      this.parts.log.debug({ keyId, error: String(error) }, 'the use of a key could not be stored');
    });
  }
}
