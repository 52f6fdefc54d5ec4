/** Interval of readiness checks and their time-out, in milliseconds. Each check costs balancer and process about a millisecond. */
const INTERVAL_MS = 1_000;
const ANSWER_MS = 2_000;

/** Knows which processes report that they are not ready: those that drain or are about to end. */
export class ReadyTargets {
  readonly #unready = new Set<string>();
  #targets: readonly string[] = [];
  readonly #timer = setInterval(() => void this.#askAll(), INTERVAL_MS).unref();
  readonly #asked = new Set<string>();

  /** Sets the processes to check. */
  watch(targets: readonly string[]): void {
    this.#targets = targets;
    for (const target of this.#unready) if (!targets.includes(target)) this.#unready.delete(target);
  }

  /** Returns those that are ready or did not answer; all of them if none is, so that one of them can answer. */
  among(targets: readonly string[]): readonly string[] {
    const ready = targets.filter((target) => !this.#unready.has(target));
    return ready.length > 0 ? ready : targets;
  }

  close(): void {
    clearInterval(this.#timer);
  }

  async #askAll(): Promise<void> {
    await Promise.all(this.#targets.map((target) => this.#ask(target)));
  }

  async #ask(target: string): Promise<void> {
    if (this.#asked.has(target)) return;
    this.#asked.add(target);
    try {
      const { status } = await fetch(`${target}/readyz`, { signal: AbortSignal.timeout(ANSWER_MS) });
      if (status === 503) this.#unready.add(target);
      else this.#unready.delete(target);
    } catch {
      // A process that does not even accept a connection is skipped anyway.
      this.#unready.delete(target);
    } finally {
      this.#asked.delete(target);
    }
  }
}
