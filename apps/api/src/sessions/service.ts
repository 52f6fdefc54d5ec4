import { TOKEN_TTL_SECONDS } from '@chorus/auth';
import type { RoomDirectory } from '@chorus/broker';
import { type AccessList, type Revocation, sessionsKey } from '@chorus/control';
import type { Logger } from '@chorus/service';
import type { PasswordChange, RevokedSessionRepository } from './revoked-session-repository.js';

/** Sessions restored in the access list per page. */
const PAGE = 500;

/**
 * Signs sessions out. PostgreSQL owns signed-out sessions; gateways and the API ask the access list. `bringIn`
 * restores entries that the list has lost.
 */
export class SessionService {
  constructor(
    private readonly sessions: RevokedSessionRepository,
    private readonly access: Pick<AccessList, 'revoke' | 'addRevocations'>,
    private readonly directory: Pick<RoomDirectory, 'announce'>,
    private readonly log: Logger,
  ) {}

  /**
   * Ends a session: all its tokens and all sockets that were opened with them. Resolves when PostgreSQL and the
   * access list have stored it.
   * Both are tried even if one fails: with PostgreSQL unavailable the session ends at once but returns if Redis loses
   * its data; with Redis unavailable it ends when the access list is restored. Repeating the call repairs either.
   * @throws {UnavailableError} or what the database throws
   */
  async end(tokenId: string): Promise<void> {
    const outcomes = await Promise.allSettled([
      this.sessions.add(tokenId, TOKEN_TTL_SECONDS),
      this.#endNow(tokenId),
    ]);
    for (const outcome of outcomes) if (outcome.status === 'rejected') throw outcome.reason;
  }

  /**
   * Ends all sessions of a user, and changes the password if one is given. Resolves when PostgreSQL and the access
   * list have stored it. If Redis is unavailable, the sessions end when the access list is restored.
   * @returns the generation of the user's next sessions; undefined when there is no such user, or nothing
   *   permits the change any more
   * @throws {UnavailableError} stored, but not ended yet; or what the database throws
   */
  async endAll(userId: number, change?: PasswordChange): Promise<number | undefined> {
    const generation = await this.sessions.addAll(userId, TOKEN_TTL_SECONDS, change);
    if (generation !== undefined) await this.#endNow(sessionsKey(userId, generation - 1));
    return generation;
  }

  /**
   * Adds every signed-out session of PostgreSQL to the access list, and closes the sockets of sessions that the list
   * lacked. Part of a restoration of the list.
   */
  async bringIn(): Promise<void> {
    await this.sessions.removeEnded();
    let missed = 0;
    for (let after = ''; ; ) {
      const page = await this.sessions.page(after, PAGE);
      const missing = await this.access.addRevocations(page);
      for (const { tokenId } of missing) await this.#announce(tokenId);
      missed += missing.length;
      const last: Revocation | undefined = page.at(-1);
      if (last === undefined || page.length < PAGE) break;
      after = last.tokenId;
    }
    if (missed > 0) this.log.warn({ sessions: missed }, 'sign-outs were missing from the access list');
  }

  async #endNow(tokenId: string): Promise<void> {
    // The session may have a newer token, signed a moment ago, than the one in the request.
    const lastEnd = Date.now() + TOKEN_TTL_SECONDS * 1_000;
    // The list is written first, so that a socket that is closed cannot reconnect.
    await this.access.revoke(tokenId, lastEnd);
    await this.#announce(tokenId);
  }

  #announce(tokenId: string): Promise<void> {
    return this.directory.announce({ type: 'token-revoked', tokenId });
  }
}
