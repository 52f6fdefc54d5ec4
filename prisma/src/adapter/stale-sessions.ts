import { Client, type Pool, type PoolClient } from 'pg';

/**
 * Sessions younger than this are kept, in milliseconds: a server that stays read-only must not cause a reconnect per
 * statement.
 */
const YOUNG_MS = 1_000;

/**
 * Drops sessions of a server that no longer accepts writes: its address may lead to another server by then, but only
 * for new sessions. The pool itself drops the session of a failed statement, but neither that of a failed transaction
 * nor idle ones.
 */
export class StaleSessions {
  readonly #pool: Pool;
  readonly #begunAt = new WeakMap<PoolClient, number>();
  /** Sessions that started before this time are dropped as soon as they are idle. */
  #staleBefore = Number.NEGATIVE_INFINITY;

  constructor(pool: Pool) {
    this.#pool = pool;
    pool.on('connect', (session) => this.#begunAt.set(session, performance.now()));
    pool.on('release', (_error, session) => {
      // After this event the pool removes a session that is ending.
      if (this.#isStale(session) && session instanceof Client) void session.end();
    });
  }

  /** Drops all sessions: idle ones at once, others when they are released. */
  drop(): void {
    this.#staleBefore = performance.now() - YOUNG_MS;
    this.#dropIdle();
  }

  #isStale(session: PoolClient): boolean {
    return (this.#begunAt.get(session) ?? 0) < this.#staleBefore;
  }

  #dropIdle(): void {
    for (let left = this.#pool.idleCount; left > 0; left--) {
      this.#pool.connect().then(
        (session) => session.release(this.#isStale(session)),
        // The next statement reports it.
        () => undefined,
      );
    }
  }
}
