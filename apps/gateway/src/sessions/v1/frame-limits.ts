import { KeyedCooldown } from '../../connections/keyed-cooldown.js';
import { TokenBucket } from '../../connections/token-bucket.js';
import type { UserBudget } from '../../connections/user-budget.js';

/** A client that exceeds the rate limit by this factor is disconnected. */
const FLOOD_FACTOR = 10;
/** Minimum interval between two replays of a room to one socket, in milliseconds. */
const REPLAY_INTERVAL_MS = 1_000;

/** `flood`: the client must be disconnected. */
export type FrameVerdict = 'allowed' | 'refused' | 'flood';

/** Rate limits on the frames of one `chorus.v1` socket. Times are milliseconds of `performance.now()`. */
export class FrameLimits {
  readonly #bucket: TokenBucket;
  /** Counts frames beyond the rate limit; most sockets never need it. */
  #flood: TokenBucket | undefined;
  /** Times of recent replays by room; created by the first resume. */
  #replays: KeyedCooldown | undefined;

  constructor(
    private readonly perSecond: number,
    private readonly budget: UserBudget,
  ) {
    this.#bucket = new TokenBucket(perSecond);
  }

  /** Takes a frame of the given size from the limits of the socket and of its user. */
  take(isMessage: boolean, bytes: number, now: number): FrameVerdict {
    if (!this.#bucket.take(now)) return this.#isFlood(now) ? 'flood' : 'refused';
    const allowed = isMessage ? this.budget.message(bytes, now) : this.budget.request(now);
    return allowed ? 'allowed' : 'refused';
  }

  /** Takes a ping of WebSocket. Returns false if the client must be disconnected. */
  takePing(now: number): boolean {
    return (this.#bucket.take(now) && this.budget.request(now)) || !this.#isFlood(now);
  }

  /** Whether missed messages of the room may be replayed. */
  mayReplay(roomId: number, now: number): boolean {
    return this.#replays?.isReady(roomId, now) ?? true;
  }

  /** Records a replay of the room. */
  replayed(roomId: number, now: number): void {
    this.#replays ??= new KeyedCooldown(REPLAY_INTERVAL_MS);
    this.#replays.note(roomId, now);
  }

  #isFlood(now: number): boolean {
    this.#flood ??= new TokenBucket(this.perSecond * FLOOD_FACTOR, now);
    return !this.#flood.take(now);
  }
}
