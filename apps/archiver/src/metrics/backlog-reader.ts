import type { ArchiveQueue, BacklogMeasure } from '@chorus/broker';

/** Far less than whoever collects metrics waits for them, in milliseconds. */
const PATIENCE_MS = 1_000;

/**
 * Asks how much waits to be stored. Whoever asks while an answer is awaited gets the same one, and nobody waits for
 * long: metrics have to be told also when Redis is silent, and then above all.
 */
export class BacklogReader {
  #asking: Promise<BacklogMeasure | undefined> | undefined;

  constructor(
    private readonly queue: Pick<ArchiveQueue, 'measure'>,
    private readonly patienceMs = PATIENCE_MS,
  ) {}

  /** @returns undefined when it cannot be known at the moment */
  async read(): Promise<BacklogMeasure | undefined> {
    this.#asking ??= this.queue
      .measure()
      .catch(() => undefined)
      .finally(() => {
        this.#asking = undefined;
      });
    let timer: NodeJS.Timeout | undefined;
    const silence = new Promise<undefined>((resolve) => {
      timer = setTimeout(() => resolve(undefined), this.patienceMs);
    });
    return Promise.race([this.#asking, silence]).finally(() => clearTimeout(timer));
  }
}
