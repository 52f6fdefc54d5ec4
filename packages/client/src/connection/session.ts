import { asChorusError, type ChorusError } from '../chorus-error.js';
import type { ClientOptions } from '../options.js';
import { Pending } from '../pending.js';

export interface SessionOptions {
  readonly token?: ClientOptions['token'];
  readonly refresh?: ClientOptions['refresh'];
  random(): number;
  onError(error: ChorusError): void;
}

/** Longest delay that setTimeout accepts. */
const LONGEST_MS = 2 ** 31 - 1;
/**
 * Delay until the next renewal when, by the local clock, a token that a gateway just accepted has already expired, in
 * milliseconds. Only gateways of an older version do not send their time.
 */
const CLOCK_IS_WRONG_MS = 30_000;
const SHORTEST_MS = 500;

/** Holds the token and renews it before it expires. */
export class Session {
  readonly #options: SessionOptions;
  readonly #onRenewed: (token: string | undefined) => void;
  readonly #refresh: (() => Promise<string | undefined>) | undefined;
  /** The newest token, unless the application is asked each time. */
  #token: string | undefined;
  readonly #pending = new Pending();
  /** Whether a refused token was renewed and no gateway has accepted the new one yet. */
  #renewed = false;

  /** @param onRenewed is given the token for the open connection; undefined if it is a cookie */
  constructor(options: SessionOptions, onRenewed: (token: string | undefined) => void) {
    this.#options = options;
    this.#onRenewed = onRenewed;
    const { token, refresh } = options;
    if (typeof token === 'string') this.#token = token;
    this.#refresh = refresh ?? (typeof token === 'function' ? async () => token() : undefined);
  }

  /** Returns the token for the next connection or request. Rejects with the error of the application's function. */
  async token(): Promise<string | undefined> {
    const { token } = this.#options;
    return typeof token === 'function' ? token() : this.#token;
  }

  /**
   * A gateway accepted the token.
   * @param expiresAt when the token expires, in milliseconds since 1970
   * @param now the time by the gateway's clock, in milliseconds since 1970
   */
  accepted(expiresAt: number | null, now = Date.now()): void {
    this.#renewed = false;
    this.stop();
    if (expiresAt !== null && this.#refresh) this.#schedule(performance.now() + expiresAt - now);
  }

  /** @param endsAt when the token expires, on the clock of `performance.now()` */
  #schedule(endsAt: number): void {
    const left = endsAt - performance.now();
    // Random, so that clients that connected together do not renew together.
    const wait = left > 0 ? left * (0.7 + 0.2 * this.#options.random()) : CLOCK_IS_WRONG_MS;
    const wanted = this.#pending.wanted();
    // Earlier than necessary if the token is valid for months.
    this.#pending.after(Math.max(SHORTEST_MS, Math.min(wait, LONGEST_MS)), async () => {
      try {
        this.#onRenewed(await this.#renew());
      } catch (error) {
        this.#options.onError(asChorusError(error));
        if (wanted()) this.#schedule(endsAt);
      }
    });
  }

  stop(): void {
    this.#pending.cancelAll();
  }

  /**
   * A gateway refused the token.
   * @returns undefined if no newer token can be obtained; else resolves with the renewal, or rejects with the error
   * of the application's function
   */
  renewRefused(): Promise<unknown> | undefined {
    if (!this.#refresh || this.#renewed) return undefined;
    this.#renewed = true;
    return this.#renew().catch((error: unknown) => {
      // A retryable failure: the application may be asked again.
      this.#renewed = !asChorusError(error).retry;
      throw error;
    });
  }

  /** Resolves with the new token; with undefined if it is a cookie. */
  async #renew(): Promise<string | undefined> {
    const token = await this.#refresh?.();
    this.#token = token ?? this.#token;
    return token;
  }
}
