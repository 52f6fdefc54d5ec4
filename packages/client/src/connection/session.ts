import { asChorusError, type ChorusError } from '../chorus-error.js';
import type { ClientOptions } from '../options.js';

export interface SessionOptions {
  readonly token?: ClientOptions['token'];
  readonly refresh?: ClientOptions['refresh'];
  random(): number;
  /** The token was renewed. @param token for the open connection; undefined if it is a cookie */
  onRenewed(token: string | undefined): void;
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
  /** Asks the application for the token. */
  readonly #ask: (() => Promise<string>) | undefined;
  readonly #refresh: (() => Promise<string | undefined>) | undefined;
  /** The newest token, unless the application is asked each time. */
  #token: string | undefined;
  #timer: ReturnType<typeof setTimeout> | undefined;
  /** Whether a refused token was renewed and no gateway has accepted the new one yet. */
  #renewed = false;

  constructor(options: SessionOptions) {
    this.#options = options;
    const { token, refresh } = options;
    if (typeof token === 'function') this.#ask = async () => token();
    else this.#token = token;
    this.#refresh = refresh ?? this.#ask;
  }

  /** Returns the token for the next connection or request. Rejects with the error of the application's function. */
  async token(): Promise<string | undefined> {
    return this.#ask ? this.#ask() : this.#token;
  }

  /**
   * A gateway accepted the token.
   * @param expiresAt when the token expires, in milliseconds since 1970
   * @param now the time by the gateway's clock, in milliseconds since 1970
   */
  accepted(expiresAt: number | null, now = Date.now()): void {
    this.#renewed = false;
    this.stop();
    if (expiresAt !== null) this.#schedule(performance.now() + expiresAt - now);
  }

  /** @param endsAt when the token expires, on the clock of `performance.now()` */
  #schedule(endsAt: number): void {
    if (this.#refresh === undefined) return;
    const left = endsAt - performance.now();
    // Random, so that clients that connected together do not renew together.
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
   * A gateway refused the token.
   * @returns undefined if no newer token can be obtained; else resolves with the renewal, or rejects with the error
   * of the application's function
   */
  renewRefused(): Promise<void> | undefined {
    if (this.#refresh === undefined || this.#renewed) return undefined;
    this.#renewed = true;
    return this.#refresh().then(
      (token) => this.#keep(token),
      (error: unknown) => {
        // A retryable failure: the application may be asked again.
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
