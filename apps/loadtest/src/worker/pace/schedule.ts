import type { Plan, Share } from '../../plan/plan.js';

/** The numbers of the messages that one worker sends, in ascending order. */
export class Schedule {
  /** This worker's positions in a round, in which every sender sends once. */
  readonly #own: readonly number[];
  #round = 0;
  #index = 0;

  constructor(
    private readonly plan: Plan,
    { first, end }: Share,
  ) {
    const own: number[] = [];
    for (let at = 0; at < Math.min(plan.senders, plan.messages); at++) {
      const connection = plan.connectionOf(plan.senderOf(at));
      if (connection >= first && connection < end) own.push(at);
    }
    this.#own = own;
  }

  /** Undefined at the end. */
  get next(): number | undefined {
    const at = this.#own[this.#index];
    if (at === undefined) return undefined;
    const message = this.#round * this.plan.senders + at;
    return message < this.plan.messages ? message : undefined;
  }

  advance(): void {
    this.#index++;
    if (this.#index < this.#own.length) return;
    this.#index = 0;
    this.#round++;
  }
}
