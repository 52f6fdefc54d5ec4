import type { Backlog } from '@chorus/broker';

/** Number of rooms of the first claim. */
const START_ROOMS = 32;

/**
 * Number of rooms per claim, and of messages per room: together at most `messages`, which bounds memory and the
 * statement, whether one room is hot or thousands are lukewarm.
 */
export class ClaimSize {
  #rooms: number;

  constructor(private readonly messages: number) {
    this.#rooms = Math.min(START_ROOMS, messages);
  }

  get rooms(): number {
    return this.#rooms;
  }

  get perRoom(): number {
    return Math.max(1, Math.floor(this.messages / this.#rooms));
  }

  /**
   * Adapts to the result of a claim of this size.
   * @returns whether more messages are likely to wait
   */
  learn(claimed: readonly Backlog[]): boolean {
    const wide = claimed.length >= this.#rooms;
    const deep = claimed.some((backlog) => backlog.messages.length >= this.perRoom);
    if (wide && !deep) this.#rooms = Math.min(this.#rooms * 2, this.messages);
    if (deep && claimed.length <= this.#rooms / 2) this.#rooms = Math.max(1, Math.floor(this.#rooms / 2));
    return wide || deep;
  }
}
