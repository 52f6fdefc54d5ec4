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
}

/**
 * What guards passwords against guessing and the service against floods.
 *
 * Every attempt counts against the client's address. Against an account count only sign-ins that
 * failed, so that somebody who signs in a lot is never locked out by that. Whoever knows an e-mail
 * address can still lock its owner out by failing on purpose: that is the price of a limit that
 * many addresses together cannot get around. It stays low because the time is short, a refused
 * attempt does not extend it, and tokens that are already out keep working.
 */
export interface RateLimits {
  readonly signInAccount: AttemptLimit;
  readonly signInAddress: AttemptLimit;
  readonly signUpAccount: AttemptLimit;
  readonly signUpAddress: AttemptLimit;
}

/** So many attempts per key within a window that begins with the first. */
export class AttemptLimit {
  constructor(private readonly limiter: RateLimiterAbstract) {}

  /**
   * Counts one attempt.
   * @throws {Refusal} 429 if it is one too many, 503 if counting is not possible
   */
  async count(key: string): Promise<void> {
    try {
      await this.limiter.consume(key);
    } catch (error) {
      throw error instanceof RateLimiterRes ? tooMany(error) : unavailable(error);
    }
  }

  /**
   * Counts nothing.
   * @throws {Refusal} 429 if the next attempt would be one too many, 503 if that is not known
   */
  async check(key: string): Promise<void> {
    const result = await this.limiter.get(key).catch((error: unknown) => {
      throw unavailable(error);
    });
    if (result !== null && result.consumedPoints >= this.limiter.points) throw tooMany(result);
  }
}

/** Limits that this process keeps for itself. */
export function memoryRateLimits(config: RateLimitConfig): RateLimits {
  return rateLimits(config, (options) => new RateLimiterMemory(options));
}

/** @param limiter makes one counter; the prefixes of their keys differ */
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
  };
}

/** Names an account whether or not it exists. A digest, so that no addresses are kept with the counts. */
export function accountKey(emailKey: string): string {
  return createHash('sha256').update(emailKey).digest('base64url');
}

function tooMany(result: RateLimiterRes): Refusal {
  const seconds = Math.max(1, Math.ceil(result.msBeforeNext / 1_000));
  return new Refusal('too_many_requests').with({ 'Retry-After': String(seconds) });
}
