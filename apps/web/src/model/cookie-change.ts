/** Longest time for which renewals are held back, in milliseconds: a tab may be closed before it reports the end. */
const LONGEST_MS = 20_000;

/**
 * Holds renewals of the session back while a tab replaces the cookie. The sockets of all tabs may end before the
 * response with the new cookie arrives, and the old cookie belongs to a session that has ended.
 */
export class CookieChange {
  #done: Promise<void> | undefined;
  #finish = (): void => undefined;

  /** Starts holding renewals back. */
  begin(): void {
    this.end();
    this.#done = new Promise((resolve) => {
      const timer = setTimeout(resolve, LONGEST_MS);
      this.#finish = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  }

  /** The browser has the new cookie: renewals may continue. */
  end(): void {
    this.#finish();
    this.#done = undefined;
  }

  /** Resolves when no change is in progress. */
  async done(): Promise<void> {
    await this.#done;
  }
}
