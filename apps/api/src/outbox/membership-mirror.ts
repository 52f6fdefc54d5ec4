import type { RoomDirectory } from '@chorus/broker';
import type { MembershipList } from '@chorus/control';
import { type Closeable, type Logger, RepeatedWork } from '@chorus/service';
import type { MembershipPages } from './membership-pages.js';
import type { Outbox } from './outbox.js';

export interface MembershipMirrorParts {
  readonly memberships: MembershipList;
  readonly pages: MembershipPages;
  readonly outbox: Pick<Outbox, 'sweep'>;
  readonly directory: Pick<RoomDirectory, 'exclusively' | 'onConnected' | 'restoreRetentions'>;
  readonly log: Logger;
}

/** Time between two looks, in milliseconds. */
const INTERVAL_MS = 1_000;
/** Time between two restorations while the list is complete, in milliseconds: they mend what Redis may have evicted. */
const VERIFY_EVERY_MS = 3_600_000;
/** When the API that restores dies, another may begin after this time, in milliseconds. */
const LOCK_TTL_MS = 5_000;

/**
 * Keeps the membership list in Redis equal to PostgreSQL: restores it whenever Redis is another process than before, and
 * delivers changes that requests have left in the outbox. Every API runs one.
 */
export class MembershipMirror implements Closeable {
  readonly #work: RepeatedWork;
  #verifyAt = performance.now() + VERIFY_EVERY_MS;
  readonly #unwatch: () => void;

  constructor(private readonly parts: MembershipMirrorParts) {
    this.#work = new RepeatedWork({
      run: () => this.run(),
      intervalMs: INTERVAL_MS,
      texts: {
        failing: 'the mirror of memberships cannot be kept up to date',
        works: 'the mirror of memberships works again',
      },
      log: parts.log,
    });
    // Redis may hold other data after a reconnect.
    this.#unwatch = parts.directory.onConnected(() => this.#work.wake());
  }

  start(): void {
    this.#work.start();
  }

  /** Stops after the current page. */
  async close(): Promise<void> {
    this.#unwatch();
    await this.#work.close();
  }

  /** Restores what is missing and delivers what was left. Rejects when Redis or PostgreSQL is unavailable. */
  async run(): Promise<void> {
    const { memberships, directory, outbox } = this.parts;
    const isDue = performance.now() >= this.#verifyAt;
    if (isDue || !(await memberships.isComplete())) {
      await directory.exclusively('memberships', LOCK_TTL_MS, () => this.restore());
      this.#verifyAt = performance.now() + VERIFY_EVERY_MS;
    }
    if (!this.#work.closed) await outbox.sweep();
  }

  /** Restores all memberships. A change during it is not lost: the outbox and a page never write at the same time. */
  async restore(): Promise<void> {
    const { memberships, pages, directory, log } = this.parts;
    const began = performance.now();
    const restoration = await memberships.beginRestoration();
    await pages.slowModes((slowModes) => restoration.slowModes(slowModes));
    await pages.retentions((retentions) => directory.restoreRetentions(retentions));
    let users = 0;
    for (let after: number | undefined = 0; after !== undefined; ) {
      if (this.#work.closed) return;
      after = await pages.users(after, (page) => {
        users += page.length;
        return restoration.users(page);
      });
    }
    await restoration.complete();
    log.info(
      { users, ms: Math.round(performance.now() - began) },
      'all memberships are known to the gateways',
    );
  }
}
