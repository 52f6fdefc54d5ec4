import type { Closeable, Logger } from '@chorus/service';
import type { UserRepository } from '../auth/user-repository.js';

/** Users folded in one transaction. */
const PAGE = 500;
/** Replicas of an older version create users without keys during a rollout. */
const REPEAT_MS = 10 * 60_000;
const RETRY_MS = 10_000;

/**
 * Gives keys to the names of users that were created before names had keys, at the start and every ten minutes. Until
 * a user has keys, only that user's exact name is taken. Replicas may run it concurrently.
 */
export class NameFolding implements Closeable {
  #timer: NodeJS.Timeout | undefined;
  #running: Promise<void> | undefined;
  #closed = false;

  constructor(
    private readonly users: Pick<UserRepository, 'foldNames'>,
    private readonly log: Logger,
  ) {}

  start(): void {
    this.#running = this.#foldAll().then((succeeded) => {
      if (!this.#closed) this.#timer = setTimeout(() => this.start(), succeeded ? REPEAT_MS : RETRY_MS);
    });
  }

  async close(): Promise<void> {
    this.#closed = true;
    clearTimeout(this.#timer);
    await this.#running;
  }

  async #foldAll(): Promise<boolean> {
    let folded = 0;
    try {
      for (let count = PAGE; count === PAGE && !this.#closed; folded += count) {
        count = await this.users.foldNames(PAGE);
      }
    } catch (error) {
      this.log.warn({ error: String(error) }, 'user names cannot be folded yet');
      return false;
    }
    if (folded > 0) this.log.info({ users: folded }, 'user names were folded');
    return true;
  }
}
