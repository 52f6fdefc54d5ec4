import type { Logger } from './logger.js';

/** Logs why a process cannot work: one line per change of the reason, and one when it works again. */
export class TroubleLog {
  #last: string | undefined;

  constructor(private readonly log: Logger) {}

  /** @param trouble the current reason; undefined if the process can work */
  note(trouble: string | undefined): void {
    if (trouble === this.#last) return;
    if (trouble === undefined) this.log.info('able to work again');
    else this.log.warn({ error: trouble }, 'not able to work, retrying');
    this.#last = trouble;
  }
}
