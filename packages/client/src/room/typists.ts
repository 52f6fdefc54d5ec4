import type { Member } from '../types.js';

/** How long a member counts as typing after a `typing` frame, in milliseconds; clients send one per second. */
const TYPING_MS = 4_000;

/** The members who are typing in a room. */
export class Typists {
  readonly #until = new Map<number, ReturnType<typeof setTimeout>>();
  readonly #onChange: (typists: readonly Member[]) => void;
  #list: readonly Member[] = [];

  constructor(onChange: (typists: readonly Member[]) => void) {
    this.#onChange = onChange;
  }

  get list(): readonly Member[] {
    return this.#list;
  }

  typing(member: Member): void {
    const timer = this.#until.get(member.id);
    clearTimeout(timer);
    this.#until.set(
      member.id,
      setTimeout(() => this.stopped(member.id), TYPING_MS),
    );
    if (timer === undefined) this.#become([...this.#list, member]);
  }

  /** The member sent a message, or left. */
  stopped(id: number): void {
    if (!this.#until.has(id)) return;
    clearTimeout(this.#until.get(id));
    this.#until.delete(id);
    this.#become(this.#list.filter((member) => member.id !== id));
  }

  /** Nothing is known while disconnected. */
  clear(): void {
    for (const id of this.#until.keys()) this.stopped(id);
  }

  #become(list: readonly Member[]): void {
    this.#list = list;
    this.#onChange(list);
  }
}
