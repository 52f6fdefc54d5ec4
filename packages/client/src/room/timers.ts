/** Timers that end together. */
export class Timers {
  readonly #running = new Set<ReturnType<typeof setTimeout>>();

  /** Unless they are ended before. */
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
