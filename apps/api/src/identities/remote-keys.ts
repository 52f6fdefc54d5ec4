import type { Logger } from '@chorus/service';
import { createLocalJWKSet, errors, type JWTVerifyGetKey } from 'jose';
import { KeysUnavailable } from './identity.js';
import { readKeys } from './read-keys.js';

export interface KeyTimes {
  /** Time for one answer of the key URL. */
  readonly answerMs: number;
  /** Age at which keys are read again, in the background. */
  readonly refreshMs: number;
  /** Age at which keys are not used any more: an issuer that has withdrawn a key is obeyed within this time, even if its URL fails. */
  readonly maxAgeMs: number;
  /** Pause between two readings for the sake of unknown keys, which anyone can name in a token. */
  readonly cooldownMs: number;
  /** Pause after the first failure; doubles with each further one. */
  readonly retryMs: number;
  readonly maxRetryMs: number;
}

export const KEY_TIMES: KeyTimes = {
  answerMs: 5_000,
  refreshMs: 600_000,
  maxAgeMs: 3_600_000,
  cooldownMs: 10_000,
  retryMs: 1_000,
  maxRetryMs: 60_000,
};

type VerificationKey = Awaited<ReturnType<JWTVerifyGetKey>>;

/** Keys as they were read. `at` is in milliseconds of `performance.now()`. */
interface KeySet {
  readonly find: JWTVerifyGetKey;
  readonly at: number;
}

/**
 * The public keys of one issuer, read from its URL. Requests for keys share one reading, and pauses bound how often the URL is read, however
 * many tokens clients send.
 */
export class RemoteKeys {
  #keys: KeySet | undefined;
  #reading: Promise<KeySet> | undefined;
  #failures = 0;
  /** Before this time the URL is not read, in milliseconds of `performance.now()`. */
  #notBefore = Number.NEGATIVE_INFINITY;

  constructor(
    private readonly url: string,
    private readonly log: Logger,
    private readonly times: KeyTimes = KEY_TIMES,
  ) {}

  /**
   * Returns the key that a token names.
   * @throws {KeysUnavailable} the keys cannot be read at present
   * @throws {errors.JWKSNoMatchingKey} the issuer has no such key
   */
  readonly find: JWTVerifyGetKey = async (header, token) => {
    const keys = await this.#current();
    try {
      return await keys.find(header, token);
    } catch (error) {
      if (!(error instanceof errors.JWKSNoMatchingKey)) throw error;
      return this.#findNew(keys, [header, token], error);
    }
  };

  /** Returns the keys, and has old ones read again. */
  async #current(): Promise<KeySet> {
    const age = this.#keys === undefined ? Number.POSITIVE_INFINITY : performance.now() - this.#keys.at;
    if (this.#keys === undefined || age > this.times.maxAgeMs) return this.#read();
    if (age > this.times.refreshMs) this.#read().catch(() => {});
    return this.#keys;
  }

  /** Looks for a key that may be newer than the keys known here. */
  async #findNew(
    known: KeySet,
    [header, token]: Parameters<JWTVerifyGetKey>,
    notFound: Error,
  ): Promise<VerificationKey> {
    // Another request may have read newer ones meanwhile.
    if (this.#keys !== known && this.#keys !== undefined) return this.#keys.find(header, token);
    if (performance.now() - known.at < this.times.cooldownMs) throw notFound;
    return (await this.#read()).find(header, token);
  }

  #read(): Promise<KeySet> {
    if (this.#reading !== undefined) return this.#reading;
    if (performance.now() < this.#notBefore) {
      return Promise.reject(new KeysUnavailable('the keys could not be read a moment ago'));
    }
    const reading = this.#readNow().finally(() => {
      this.#reading = undefined;
    });
    this.#reading = reading;
    return reading;
  }

  async #readNow(): Promise<KeySet> {
    const { answerMs, retryMs, maxRetryMs } = this.times;
    try {
      const find = createLocalJWKSet(await readKeys(this.url, answerMs));
      if (this.#failures > 0) this.log.info({ url: this.url }, 'the keys of an issuer can be read again');
      this.#failures = 0;
      this.#keys = { find, at: performance.now() };
      return this.#keys;
    } catch (error) {
      const why = error instanceof Error ? error.message : String(error);
      if (this.#failures === 0) {
        this.log.warn({ url: this.url, error: why }, 'the keys of an issuer cannot be read');
      }
      this.#notBefore = performance.now() + Math.min(maxRetryMs, retryMs * 2 ** this.#failures);
      this.#failures++;
      throw new KeysUnavailable(why);
    }
  }
}
