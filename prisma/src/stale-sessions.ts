import { Client, type Pool, type PoolClient } from 'pg';

/** Sessions this young, in milliseconds, stay: a server that takes no writes for long is not connected to without end. */
const YOUNG_MS = 1_000;

/**
 * Drops sessions of a server that takes no writes any more: behind the same address there may be another one by now, to
 * which only new sessions lead. The pool itself drops a session for an error of its own, but neither one in which a
 * transaction failed nor those that are idle.
 */
export class StaleSessions {
  readonly #pool: Pool;
  readonly #begunAt = new WeakMap<PoolClient, number>();
  /** Sessions that began before are dropped as soon as they are idle. */
  #staleBefore = Number.NEGATIVE_INFINITY;

  constructor(pool: Pool) {
    this.#pool = pool;
    pool.on('connect', (session) => this.#begunAt.set(session, performance.now()));
    pool.on('release', (_error, session) => {
      // The pool looks after this whether it can go on with the session.
      if (this.#isStale(session) && session instanceof Client) void session.end();
    });
  }

  /** Drops all sessions that there are, those at work when they are done. */
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
        // Whoever needs a session next learns of it.
        () => undefined,
      );
    }
  }
}
