import { asChorusError, type ChorusError } from '../chorus-error.js';
import type { ClientOptions } from '../options.js';

export interface SessionOptions {
  readonly token?: ClientOptions['token'];
  readonly refresh?: ClientOptions['refresh'];
  random(): number;
  /** There is a newer token: a string for the open connection, nothing if a cookie has it. */
  onRenewed(token: string | undefined): void;
  onError(error: ChorusError): void;
}

/** Timers take no longer times. */
const LONGEST_MS = 2 ** 31 - 1;
/**
 * When the clock of this machine says that a token has ended that a gateway just took, in milliseconds; only gateways of an
 * older version do not say what time it is.
 */
const CLOCK_IS_WRONG_MS = 30_000;
const SHORTEST_MS = 500;

/** The token, and that it is renewed before it ends. */
export class Session {
  readonly #options: SessionOptions;
  readonly #refresh: (() => Promise<string | undefined>) | undefined;
  /** The newest, unless the application is asked each time. */
  #token: string | undefined;
  #timer: ReturnType<typeof setTimeout> | undefined;
  /** A refused token was renewed, and no gateway has taken the new one yet. */
  #renewed = false;

  constructor(options: SessionOptions) {
    this.#options = options;
    const { token, refresh } = options;
    if (typeof token === 'string') this.#token = token;
    this.#refresh = refresh ?? (typeof token === 'function' ? async () => token() : undefined);
  }

  /** For the next connection or request. Rejects as the application's function does. */
  async token(): Promise<string | undefined> {
    const { token } = this.#options;
    return typeof token === 'function' ? token() : this.#token;
  }

  /**
   * A gateway took the token.
   * @param expiresAt when the token ends @param now the time by the same clock; both in milliseconds since 1970
   */
  accepted(expiresAt: number | null, now = Date.now()): void {
    this.#renewed = false;
    this.stop();
    if (expiresAt !== null) this.#schedule(performance.now() + expiresAt - now);
  }

  /** @param endsAt when the token ends, as `performance.now()` tells */
  #schedule(endsAt: number): void {
    if (this.#refresh === undefined) return;
    const left = endsAt - performance.now();
    // Not all at the same time, who came at the same time.
    const wait = left > 0 ? left * (0.7 + 0.2 * this.#options.random()) : CLOCK_IS_WRONG_MS;
    this.#timer = setTimeout(
      () => {
        if (wait > LONGEST_MS) this.#schedule(endsAt);
        else this.#renew(endsAt);
      },
      Math.max(SHORTEST_MS, Math.min(wait, LONGEST_MS)),
    );
  }

  stop(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
  }

  /**
   * A gateway did not take the token. @returns undefined when there is no newer one to be had; resolves when there is; rejects
   * as the application's function does
   */
  renewRefused(): Promise<void> | undefined {
    if (this.#refresh === undefined || this.#renewed) return undefined;
    this.#renewed = true;
    return this.#refresh().then(
      (token) => this.#keep(token),
      (error: unknown) => {
        // Perhaps it can be asked again.
        this.#renewed = !asChorusError(error).retry;
        throw error;
      },
    );
  }

  #renew(endsAt: number): void {
    const timer = this.#timer;
    this.#refresh?.().then(
      (token) => {
        this.#keep(token);
        this.#options.onRenewed(token);
      },
      (error: unknown) => {
        this.#options.onError(asChorusError(error));
        if (this.#timer === timer) this.#schedule(endsAt);
      },
    );
  }

  #keep(token: string | undefined): void {
    this.#token = token ?? this.#token;
  }
}
