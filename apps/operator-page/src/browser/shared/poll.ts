/** Repeats a request, one at a time, and only while the page is visible. */
export class Poll {
  #timer: ReturnType<typeof setTimeout> | undefined;
  #running = false;
  /** Changes at each stop and start: the result of an earlier request is ignored. */
  #turn = 0;

  /**
   * @param ask must not reject
   * @param everyMs from the end of one request to the start of the next
   */
  constructor(
    private readonly ask: (current: () => boolean) => Promise<void>,
    private readonly everyMs: number,
  ) {
    document.addEventListener('visibilitychange', () => {
      if (this.#running && !document.hidden) this.start();
    });
  }

  /** Sends a request at once. */
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
