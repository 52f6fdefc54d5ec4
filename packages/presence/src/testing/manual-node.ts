import { ManualClock, silentLog, tick } from '@chorus/testing';
import type { PresenceStore } from '../presence-store.js';
import { PresenceTracker } from '../tracker/presence-tracker.js';

/** A tracker over any store, on a clock that moves only when a test moves it. */
export class ManualNode {
  readonly tracker: PresenceTracker;
  readonly #clock = new ManualClock();
  #pending = 0;

  /** @param ttlMs @param graceMs in milliseconds */
  constructor(
    readonly nodeId: string,
    store: PresenceStore,
    { ttlMs, graceMs }: { ttlMs: number; graceMs: number },
  ) {
    const clock = this.#clock;
    this.tracker = new PresenceTracker({
      ...{ store: this.#counted(store), nodeId, log: silentLog, ttlMs, graceMs, clock },
    });
  }

  /** Moves the clock. Resolves when each call that this led to was answered. */
  async advance(ms: number): Promise<void> {
    await this.#clock.advance(ms);
    await this.idle();
  }

  async idle(): Promise<void> {
    do await tick();
    while (this.#pending > 0);
    // Timers of 0 ms that an answer started.
    await this.#clock.advance(0);
  }

  #counted(store: PresenceStore): PresenceStore {
    const count = async <T>(answer: Promise<T>): Promise<T> => {
      this.#pending++;
      try {
        return await answer;
      } finally {
        this.#pending--;
      }
    };
    return {
      renew: (...args) => count(store.renew(...args)),
      join: (...args) => count(store.join(...args)),
      leave: (...args) => count(store.leave(...args)),
      release: (...args) => count(store.release(...args)),
      members: (...args) => store.members(...args),
      everyone: (...args) => store.everyone(...args),
      busiest: (...args) => store.busiest(...args),
      expired: () => count(store.expired()),
      reap: (...args) => count(store.reap(...args)),
      close: () => store.close(),
    };
  }
}
