import { createHash } from 'node:crypto';
import { Refusal } from '@chorus/protocol';
import {
  type IRateLimiterOptions,
  type RateLimiterAbstract,
  RateLimiterMemory,
  RateLimiterRes,
} from 'rate-limiter-flexible';
import { unavailable } from '../../http/unavailable.js';

export interface RateLimitConfig {
  readonly windowSeconds: number;
  readonly signInFailuresPerAccount: number;
  readonly signInAttemptsPerAddress: number;
  readonly signUpAttemptsPerAccount: number;
  readonly signUpAttemptsPerAddress: number;
  readonly mailsPerAccount: number;
  readonly mailRequestsPerAddress: number;
}

/**
 * Limits that protect passwords against guessing and the service against floods.
 * Every attempt counts against the client's address. Only failed sign-ins count against an account, so a user with
 * many successful sign-ins is never locked out. Anyone who knows an e-mail address can still lock its owner out by
 * failing on purpose: the price of a limit that many addresses together cannot evade. The effect is small: the window
 * is short, a refused attempt does not extend it, and issued tokens keep working.
 */
export interface RateLimits {
  readonly signInAccount: AttemptLimit;
  readonly signInAddress: AttemptLimit;
  readonly signUpAccount: AttemptLimit;
  readonly signUpAddress: AttemptLimit;
  readonly mailAccount: AttemptLimit;
  readonly mailAddress: AttemptLimit;
}

/** Limit on attempts per key within a window that begins with the first attempt. */
export class AttemptLimit {
  constructor(private readonly limiter: RateLimiterAbstract) {}

  /**
   * Counts one attempt.
   * @throws {Refusal} 429 if the limit is exceeded, 503 if counting is not possible
   */
  async count(key: string): Promise<void> {
    try {
      await this.limiter.consume(key);
    } catch (error) {
      throw error instanceof RateLimiterRes ? tooMany(error) : unavailable(error);
    }
  }

  /**
   * Checks the limit without counting.
   * @throws {Refusal} 429 if the next attempt would exceed the limit, 503 if the count is unknown
   */
  async check(key: string): Promise<void> {
    const result = await this.limiter.get(key).catch((error: unknown) => {
      throw unavailable(error);
    });
    if (result !== null && result.consumedPoints >= this.limiter.points) throw tooMany(result);
  }

  /** Forgets the attempts with a key. @throws {Refusal} 503 if that is not possible */
  async clear(key: string): Promise<void> {
    await this.limiter.delete(key).catch((error: unknown) => {
      throw unavailable(error);
    });
  }
}

/** Limits of this process alone. */
export function memoryRateLimits(config: RateLimitConfig): RateLimits {
  return rateLimits(config, (options) => new RateLimiterMemory(options));
}

/** @param limiter creates one counter; each has its own key prefix */
export function rateLimits(
  config: RateLimitConfig,
  limiter: (
    options: Required<Pick<IRateLimiterOptions, 'keyPrefix' | 'points' | 'duration'>>,
  ) => RateLimiterAbstract,
): RateLimits {
  const limit = (keyPrefix: string, points: number): AttemptLimit =>
    new AttemptLimit(limiter({ keyPrefix, points, duration: config.windowSeconds }));
  return {
    signInAccount: limit('signin:account', config.signInFailuresPerAccount),
    signInAddress: limit('signin:address', config.signInAttemptsPerAddress),
    signUpAccount: limit('signup:account', config.signUpAttemptsPerAccount),
    signUpAddress: limit('signup:address', config.signUpAttemptsPerAddress),
    mailAccount: limit('mail:account', config.mailsPerAccount),
    mailAddress: limit('mail:address', config.mailRequestsPerAddress),
  };
}

/** Returns the key of an account, whether or not it exists. A digest, so that counts contain no addresses. */
export function accountKey(emailKey: string): string {
  return createHash('sha256').update(emailKey).digest('base64url');
}

function tooMany(result: RateLimiterRes): Refusal {
  const seconds = Math.max(1, Math.ceil(result.msBeforeNext / 1_000));
  return new Refusal('too_many_requests').with({ 'Retry-After': String(seconds) });
}
