import { KeyedCooldown } from './keyed-cooldown.js';
import { TokenBucket } from './token-bucket.js';
import type { UserLimits } from './user-limits.js';

const BYTES_BURST_SECONDS = 4;
/** A client that resumes its rooms joins all of them at once, in each tab. */
const REQUESTS_BURST_SECONDS = 10;
/** Time without use after which every bucket is full again, so that the budget can be dropped, in milliseconds. */
export const BUDGET_IDLE_MS = 30_000;

/** Minimum interval between typing notices of a user in a room, over all sockets of the user, in milliseconds. */
const TYPING_INTERVAL_MS = 1_000;
/** Maximum number of rooms in which a user is shown as typing at a time. */
const TYPING_ROOMS = 8;

/**
 * Rate limits of one user on one node, shared by all sockets of the user; they outlive the sockets. Times are
 * milliseconds of `performance.now()`. Buckets are created on first use: most users only read.
 */
export class UserBudget {
  readonly #connects: TokenBucket;
  #messages: TokenBucket | undefined;
  #bytes: TokenBucket | undefined;
  #requests: TokenBucket | undefined;
  #replays: TokenBucket | undefined;
  #inboxes: TokenBucket | undefined;
  #typing: KeyedCooldown | undefined;
  #usedAt: number;

  constructor(
    private readonly limits: UserLimits,
    now: number,
  ) {
    this.#usedAt = now;
    this.#connects = new TokenBucket(limits.connectsPerSecond, now, limits.connectBurst);
  }

  /** Whether every bucket is full. */
  isFull(now: number): boolean {
    const owes = (this.#replays?.waitMs(now) ?? 0) + (this.#bytes?.waitMs(now) ?? 0) > 0;
    return !owes && now - this.#usedAt > BUDGET_IDLE_MS;
  }

  connect(now: number): boolean {
    this.#usedAt = now;
    return this.#connects.take(now);
  }

  /** Whether the user may send a message of that size. */
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

  /** Whether the user may send a frame that carries no message: a join, a presence request, a ping. */
  request(now: number): boolean {
    const { requestsPerSecond } = this.limits;
    this.#usedAt = now;
    this.#requests ??= new TokenBucket(requestsPerSecond, now, requestsPerSecond * REQUESTS_BURST_SECONDS);
    return this.#requests.take(now);
  }

  /**
   * Takes a watch of the inbox, which reads all rooms of the user: as often as the user may open sockets.
   * @returns 0, or milliseconds until a later attempt
   */
  watchInbox(now: number): number {
    const { connectsPerSecond, connectBurst } = this.limits;
    this.#usedAt = now;
    this.#inboxes ??= new TokenBucket(connectsPerSecond, now, connectBurst);
    return this.#inboxes.take(now) ? 0 : this.#inboxes.waitMs(now) || 1_000 / connectsPerSecond;
  }

  /** Whether the room may be notified now that the user is typing. */
  typing(roomId: number, now: number): boolean {
    this.#typing ??= new KeyedCooldown(TYPING_INTERVAL_MS, TYPING_ROOMS);
    if (!this.#typing.isReady(roomId, now)) return false;
    this.#typing.note(roomId, now);
    return true;
  }

  /** Milliseconds until more missed messages may be sent to a socket of the user; 0 when they may be sent at once. */
  replayWaitMs(now: number): number {
    return this.#replays?.waitMs(now) ?? 0;
  }

  /** Records missed messages that were sent to a socket of the user, in bytes. */
  replayed(bytes: number, now: number): void {
    const { replayBytesPerSecond } = this.limits;
    this.#usedAt = now;
    this.#replays ??= new TokenBucket(replayBytesPerSecond, now, replayBytesPerSecond * BYTES_BURST_SECONDS);
    this.#replays.owe(bytes);
  }
}
