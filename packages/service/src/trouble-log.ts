import type { Logger } from './logger.js';

/** Logs why a process cannot do its work: one line when the reason changes, and one when there is none any more. */
export class TroubleLog {
  #last: string | undefined;

  constructor(private readonly log: Logger) {}

  /** Takes what is known now; undefined while all is well. */
  note(trouble: string | undefined): void {
    if (trouble === this.#last) return;
    if (trouble === undefined) this.log.info('able to work again');
    else this.log.warn({ error: trouble }, 'not able to work, and trying again');
    this.#last = trouble;
  }
}
