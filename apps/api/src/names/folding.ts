import { type Closeable, type Logger, RepeatedWork } from '@chorus/service';
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
  readonly #work: RepeatedWork;

  constructor(
    private readonly users: Pick<UserRepository, 'foldNames'>,
    private readonly log: Logger,
  ) {
    const texts = { failing: 'user names cannot be folded yet', works: 'user names can be folded again' };
    this.#work = new RepeatedWork({
      ...{ run: () => this.#foldAll(), intervalMs: REPEAT_MS, retryMs: RETRY_MS },
      ...{ texts, log },
    });
  }

  start(): void {
    this.#work.start();
  }

  close(): Promise<void> {
    return this.#work.close();
  }

  async #foldAll(): Promise<void> {
    let folded = 0;
    for (let count = PAGE; count === PAGE && !this.#work.closed; folded += count) {
      count = await this.users.foldNames(PAGE);
    }
    if (folded > 0) this.log.info({ users: folded }, 'user names were folded');
  }
}
