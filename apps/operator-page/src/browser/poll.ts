/** Asks again and again, never twice at a time, and not while nobody can see the page. */
export class Poll {
  #timer: ReturnType<typeof setTimeout> | undefined;
  #running = false;
  /** Told to stop, or to start anew, while one was under way: what that brings is nobody's any more. */
  #turn = 0;

  /**
   * @param ask must not reject
   * @param everyMs from the end of one to the start of the next
   */
  constructor(
    private readonly ask: (current: () => boolean) => Promise<void>,
    private readonly everyMs: number,
  ) {
    document.addEventListener('visibilitychange', () => {
      if (this.#running && !document.hidden) this.start();
    });
  }

  /** Asks now. */
  start(): void {
    clearTimeout(this.#timer);
    this.#running = true;
    void this.#next(++this.#turn);
  }

  stop(): void {
    clearTimeout(this.#timer);
    this.#running = false;
    this.#turn++;
  }

  async #next(turn: number): Promise<void> {
    const current = (): boolean => turn === this.#turn;
    if (!document.hidden) await this.ask(current);
    if (current()) this.#timer = setTimeout(() => void this.#next(turn), this.everyMs);
  }
}
