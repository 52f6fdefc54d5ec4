/** Anything that was started and can be stopped. `close` may be called more than once. */
export interface Closeable {
  close(): Promise<void>;
}

/**
 * Collects what was started and closes it in reverse order. One part that fails to close does
 * not keep the others from closing; the first error is thrown when all have been tried.
 */
export class Closer implements Closeable {
  readonly #parts: Array<() => Promise<unknown> | unknown> = [];
  #closing: Promise<void> | undefined;

  /** Registers a part and returns it, so that starting and registering are one expression. */
  add<T extends Closeable>(part: T): T {
    this.#parts.push(() => part.close());
    return part;
  }

  /** Registers an action for parts whose closing method has another name. */
  defer(action: () => Promise<unknown> | unknown): void {
    this.#parts.push(action);
  }

  close(): Promise<void> {
    this.#closing ??= this.#run();
    return this.#closing;
  }

  async #run(): Promise<void> {
    const errors: unknown[] = [];
    for (let part = this.#parts.pop(); part !== undefined; part = this.#parts.pop()) {
      try {
        await part();
      } catch (error) {
        errors.push(error);
      }
    }
    if (errors.length > 0) throw errors[0];
  }
}
