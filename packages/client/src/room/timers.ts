/** Timers that can be cancelled together. */
export class Timers {
  readonly #running = new Set<ReturnType<typeof setTimeout>>();

  /** Runs the action after a delay, unless the timers are cancelled before. */
  after(ms: number, action: () => void): void {
    const timer = setTimeout(() => {
      this.#running.delete(timer);
      action();
    }, ms);
    this.#running.add(timer);
  }

  end(): void {
    for (const timer of this.#running) clearTimeout(timer);
    this.#running.clear();
  }
}
