import { Rarely } from './rarely.js';
import { TokenBucket } from './token-bucket.js';
import type { UserLimits } from './user-limits.js';

const BYTES_BURST_SECONDS = 4;
/** A client that resumes its rooms joins all of them at once, in each tab. */
const REQUESTS_BURST_SECONDS = 10;
/** No budget is still in use so long after it was used: every bucket is full again, in milliseconds. */
export const BUDGET_IDLE_MS = 30_000;

/** How often a user may tell a room that it is typing, in milliseconds, from however many sockets. */
const TYPING_INTERVAL_MS = 1_000;
/** Rooms in which a user may be typing at a time. */
const TYPING_ROOMS = 8;

/**
 * What one user may still do on this node, shared by all sockets of the user and kept when they end. Times are
 * milliseconds of `performance.now()`. Buckets are made when they are first needed: most users only read.
 */
export class UserBudget {
  readonly #connects: TokenBucket;
  #messages: TokenBucket | undefined;
  #bytes: TokenBucket | undefined;
  #requests: TokenBucket | undefined;
  #replays: TokenBucket | undefined;
  #typing: Rarely | undefined;
  #usedAt: number;

  constructor(
    private readonly limits: UserLimits,
    now: number,
  ) {
    this.#usedAt = now;
    this.#connects = new TokenBucket(limits.connectsPerSecond, now, limits.connectBurst);
  }

  /** Whether everything is allowed again that ever was. */
  isFull(now: number): boolean {
    const owes = (this.#replays?.waitMs(now) ?? 0) + (this.#bytes?.waitMs(now) ?? 0) > 0;
    return !owes && now - this.#usedAt > BUDGET_IDLE_MS;
  }

  connect(now: number): boolean {
    this.#usedAt = now;
    return this.#connects.take(now);
  }

  /** A message of so many bytes. */
  message(bytes: number, now: number): boolean {
    const { messagesPerSecond, messageBytesPerSecond } = this.limits;
    this.#usedAt = now;
    this.#bytes ??= new TokenBucket(messageBytesPerSecond, now, messageBytesPerSecond * BYTES_BURST_SECONDS);
    if (this.#bytes.waitMs(now) > 0) return false;
    this.#messages ??= new TokenBucket(messagesPerSecond, now);
    if (!this.#messages.take(now)) return false;
    this.#bytes.owe(bytes);
    return true;
  }

  /** A frame that carries no message: a join, a question, a ping. */
  request(now: number): boolean {
    const { requestsPerSecond } = this.limits;
    this.#usedAt = now;
    this.#requests ??= new TokenBucket(requestsPerSecond, now, requestsPerSecond * REQUESTS_BURST_SECONDS);
    return this.#requests.take(now);
  }

  /** Whether the room may be told now that the user is typing. */
  typing(roomId: number, now: number): boolean {
    this.#typing ??= new Rarely(TYPING_INTERVAL_MS, TYPING_ROOMS);
    if (!this.#typing.may(roomId, now)) return false;
    this.#typing.note(roomId, now);
    return true;
  }

  /** Milliseconds until more missed messages may be sent to a socket of the user; 0 when they may be sent at once. */
  replayWaitMs(now: number): number {
    return this.#replays?.waitMs(now) ?? 0;
  }

  /** So many bytes of missed messages were sent to a socket of the user. */
  replayed(bytes: number, now: number): void {
    const { replayBytesPerSecond } = this.limits;
    this.#usedAt = now;
    this.#replays ??= new TokenBucket(replayBytesPerSecond, now, replayBytesPerSecond * BYTES_BURST_SECONDS);
    this.#replays.owe(bytes);
  }
}
