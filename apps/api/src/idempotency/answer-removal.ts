import { type Closeable, type Logger, RepeatedWork } from '@chorus/service';
import type { StoredAnswers } from './stored-answers.js';

/** Time between two looks, in milliseconds. */
const INTERVAL_MS = 60_000;

/** Removes stored answers that are not kept any more. Every API runs one. */
export class AnswerRemoval implements Closeable {
  readonly #work: RepeatedWork;

  constructor(
    private readonly answers: Pick<StoredAnswers, 'removeExpired'>,
    log: Logger,
  ) {
    const texts = { failing: 'old answers cannot be removed', works: 'old answers can be removed again' };
    this.#work = new RepeatedWork({ run: () => this.#removeAll(), intervalMs: INTERVAL_MS, texts, log });
  }

  start(): void {
    this.#work.start();
  }

  close(): Promise<void> {
    return this.#work.close();
  }

  async #removeAll(): Promise<void> {
    while (!this.#work.closed && (await this.answers.removeExpired()));
  }
}
