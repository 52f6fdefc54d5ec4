import { ChorusError } from './chorus-error.js';
import type { Message } from './types.js';

type Result = IteratorResult<Message, undefined>;

/** Messages, one by one, for whoever asks; see {@link Room.messages}. */
export class MessageStream implements AsyncIterableIterator<Message> {
  /** Not taken yet; those before {@link #taken} are. */
  #waiting: Message[] = [];
  #taken = 0;
  readonly #asking: Array<{ resolve(result: Result): void }> = [];
  #ended = false;
  #error: ChorusError | undefined;

  constructor(
    private readonly buffer: number,
    private readonly onEnd: (stream: MessageStream) => void,
  ) {}

  push(message: Message): void {
    const asking = this.#asking.shift();
    if (asking !== undefined) {
      asking.resolve({ done: false, value: message });
    } else if (this.#waiting.length - this.#taken < this.buffer) {
      this.#waiting.push(message);
    } else {
      this.#error = new ChorusError('too_slow', `more than ${this.buffer} messages wait to be read`);
      this.end();
    }
  }

  /** What waits is still given out. */
  end(): void {
    if (this.#ended) return;
    this.#ended = true;
    this.onEnd(this);
    for (const { resolve } of this.#asking) resolve({ done: true, value: undefined });
  }

  async next(): Promise<Result> {
    const message = this.#waiting[this.#taken];
    if (message !== undefined) {
      this.#taken++;
      // Moving the rest each time would cost more than the messages themselves.
      if (this.#taken > 100 && this.#taken * 2 > this.#waiting.length) {
        this.#waiting = this.#waiting.slice(this.#taken);
        this.#taken = 0;
      }
      return { done: false, value: message };
    }
    const error = this.#error;
    this.#error = undefined;
    if (error !== undefined) throw error;
    if (this.#ended) return { done: true, value: undefined };
    return new Promise((resolve) => {
      this.#asking.push({ resolve });
    });
  }

  async return(): Promise<Result> {
    this.#waiting = [];
    this.#taken = 0;
    this.end();
    return { done: true, value: undefined };
  }

  [Symbol.asyncIterator](): this {
    return this;
  }
}
