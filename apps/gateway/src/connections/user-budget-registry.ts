import type { Closeable } from '@chorus/service';
import { BUDGET_IDLE_MS, UserBudget } from './user-budget.js';
import type { UserLimits } from './user-limits.js';

/**
 * Budgets of the users of this node. A budget is kept while it is in use and for another half minute, so that a client
 * that reconnects finds its old balance. The node's connects per second bound their number.
 */
export class UserBudgetRegistry implements Closeable {
  readonly #budgets = new Map<number, UserBudget>();
  readonly #timer: NodeJS.Timeout;

  /** @param isHere whether the user has sockets on this node, which hold the budget */
  constructor(
    private readonly limits: UserLimits,
    private readonly isHere: (userId: number) => boolean,
  ) {
    this.#timer = setInterval(() => this.#forget(), BUDGET_IDLE_MS / 2).unref();
  }

  get size(): number {
    return this.#budgets.size;
  }

  of(userId: number, now: number): UserBudget {
    let budget = this.#budgets.get(userId);
    if (budget === undefined) {
      budget = new UserBudget(this.limits, now);
      this.#budgets.set(userId, budget);
    }
    return budget;
  }

  async close(): Promise<void> {
    clearInterval(this.#timer);
  }

  #forget(): void {
    const now = performance.now();
    for (const [userId, budget] of this.#budgets) {
      if (budget.isFull(now) && !this.isHere(userId)) this.#budgets.delete(userId);
    }
  }
}
