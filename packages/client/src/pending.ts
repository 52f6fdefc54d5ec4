import { asChorusError } from './chorus-error.js';
import type { Backoff } from './options.js';

interface Pace {
  readonly backoff: Backoff;
  random(): number;
}

/** Default of {@link ClientOptions}. */
export const PACE: Pace = { backoff: { baseMs: 500, capMs: 15_000 }, random: Math.random };

/** Timers and awaited answers that are cancelled together. */
export class Pending {
  readonly #pace: Pace;
  readonly #timers = new Set<ReturnType<typeof setTimeout>>();
  #generation = 0;
  /** Number of retries in a row. Set it to 0 after a success. */
  failures = 0;

  constructor(pace = PACE) {
    this.#pace = pace;
  }

  /** Runs the action after a delay, unless it is cancelled before. */
  after(ms: number, action: () => void): void {
    const timer = setTimeout(() => {
      this.#timers.delete(timer);
      action();
    }, ms);
    this.#timers.add(timer);
  }

  /**
   * Runs the action after a pause that grows with each retry in a row: "full jitter", a random one up to a bound that doubles, so that
   * clients that lost their gateway together do not return together. See "Exponential Backoff And Jitter", AWS Architecture Blog, 2015.
   * @param error that may ask for a longer pause
   * @returns the pause, in milliseconds
   */
  retry(action: () => void, { retryAfterMs = 0 }: { retryAfterMs?: number | undefined } = {}): number {
    const { backoff, random } = this.#pace;
    const bound = Math.min(backoff.capMs, backoff.baseMs * 2 ** this.failures++);
    const pause = retryAfterMs + random() * bound;
    this.after(pause, action);
    return pause;
  }

  /**
   * Sends a request, again and again while it fails and can be repeated. Never resolves if it is cancelled.
   * @param withinMs how long it is repeated, in milliseconds; for ever if it is absent
   * @throws {ChorusError} (rejects) if it fails for good
   */
  untilAnswered<T>(request: () => Promise<T>, withinMs?: number): Promise<T> {
    const wanted = this.wanted();
    const startedAt = performance.now();
    return new Promise((resolve, reject) => {
      const attempt = async (): Promise<void> => {
        try {
          const answer = await request();
          if (!wanted()) return;
          this.failures = 0;
          resolve(answer);
        } catch (cause) {
          const error = asChorusError(cause);
          if (!wanted()) return;
          const isTooLate = withinMs !== undefined && performance.now() - startedAt > withinMs;
          if (error.retry && !isTooLate) this.retry(attempt, error);
          else reject(error);
        }
      };
      attempt();
    });
  }

  /** Returns a function that tells whether an answer awaited from here on is still wanted. */
  wanted(): () => boolean {
    const generation = this.#generation;
    return () => generation === this.#generation;
  }

  cancelAll(): void {
    this.#generation++;
    for (const timer of this.#timers) clearTimeout(timer);
    this.#timers.clear();
  }
}
