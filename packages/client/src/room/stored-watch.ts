import type { Outbox } from './outbox.js';
import type { Timers } from './timers.js';

/** Whether messages are stored is asked for so long after an interruption, in milliseconds, */
const FIRST_MS = 5_000;
/** and then less and less often. */
const RAREST_MS = 60_000;

/**
 * Only the connection over which something was said is told when it is stored. After it has ended, and as long as
 * messages are acknowledged that may not be stored, the room is joined once more now and then: the answer says it.
 */
export class StoredWatch {
  #asking = false;

  constructor(
    private readonly outbox: Outbox,
    private readonly timers: Timers,
    private readonly joinOnceMore: () => void,
  ) {}

  start(): void {
    if (!this.#asking) this.#later(FIRST_MS);
  }

  /** The timers were ended. */
  ended(): void {
    this.#asking = false;
  }

  #later(ms: number): void {
    this.#asking = this.outbox.awaitsStored;
    if (!this.#asking) return;
    this.timers.after(ms, () => {
      if (this.outbox.awaitsStored) this.joinOnceMore();
      this.#later(Math.min(ms * 2, RAREST_MS));
    });
  }
}
