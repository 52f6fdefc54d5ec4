/** A part that was started and can be stopped. `close` is idempotent. */
export interface Closeable {
  close(): Promise<void>;
}

/**
 * Collects started parts and closes them in reverse order. If closing a part fails, the others are still closed; the
 * first error is thrown at the end.
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
