import type { ArchiveQueue, BacklogMeasure } from '@chorus/broker';

/** Time-out in milliseconds, far shorter than that of a scrape. */
const PATIENCE_MS = 1_000;

/**
 * Reads the size of the backlog. Concurrent readers share one query, and none waits long: metrics must be reported
 * also, and above all, while Redis is silent.
 */
export class BacklogReader {
  #asking: Promise<BacklogMeasure | undefined> | undefined;

  constructor(
    private readonly queue: Pick<ArchiveQueue, 'measure'>,
    private readonly patienceMs = PATIENCE_MS,
  ) {}

  /** @returns undefined if it is unknown at the moment */
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
