import { retentionMs } from '../publishing/expired.js';

/** For how long a room in use keeps messages: the shorter of the retention of all rooms and its own. */
export class RoomRetention {
  #ms: number | undefined;

  /** @param allDays days for all rooms; undefined for ever */
  constructor(private readonly allDays: number | undefined) {
    this.#ms = retentionMs(allDays);
  }

  /** @param days of the room itself; undefined for no limit of its own */
  learn(days: number | undefined): void {
    this.#ms = retentionMs(this.allDays, days);
  }

  /** Entries sent up to this time are not served any more, in milliseconds since 1970; undefined without a limit. */
  get expiredUpTo(): number | undefined {
    return this.#ms === undefined ? undefined : Date.now() - this.#ms;
  }
}
