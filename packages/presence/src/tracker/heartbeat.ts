import type { Clock, Logger } from '@chorus/service';
import type { PresenceStore, Renewal } from '../presence-store.js';

export interface HeartbeatOptions {
  store: PresenceStore;
  nodeId: string;
  log: Logger;
  ttlMs: number;
  clock: Clock;
  /**
   * The lease was taken or renewed.
   * @param entries state of the node's entries
   * @param wasAway whether the store was unreachable before
   */
  onBeat(entries: Renewal['entries'], wasAway: boolean): void;
}

const FIRST_RETRY_MS = 50;
const LONGEST_RETRY_MS = 1_000;
/** How much earlier than expected a lease may end, as a share of it: clocks run at different speeds. */
const CLOCK_SLACK = 0.1;
/**
 * Pause before this process takes a lease again after it was stopped for longer than its lease, in milliseconds:
 * meanwhile it learns which of its connections have ended.
 */
const SETTLE_MS = 1_000;

/**
 * Renews the node's lease several times per lease, and reaps dead nodes after each renewal. Leases are evidence only
 * while the store's data and clock continue from renewal to renewal: after an outage, or a jump of either, every node
 * gets a whole lease to renew.
 */
export class Heartbeat {
  readonly #options: HeartbeatOptions;
  readonly #intervalMs: number;
  #cancel: (() => void) | undefined;
  #beating: Promise<void> | undefined;
  #reaping: Promise<void> | undefined;
  #retryMs = FIRST_RETRY_MS;
  #connected = false;
  #reported = false;
  #renewedAt = Number.NEGATIVE_INFINITY;
  /** When the last successful renewal was sent. */
  #sentAt = Number.NEGATIVE_INFINITY;
  #dueAt = 0;
  #settlesAt = Number.NEGATIVE_INFINITY;
  /** Whether a renewal failed and none has succeeded since. */
  #away = false;
  #reapFrom = 0;
  #reaped = 0;
  #closed = false;

  constructor(options: HeartbeatOptions) {
    this.#options = options;
    this.#intervalMs = options.ttlMs / 3;
  }

  get connected(): boolean {
    return this.#connected;
  }

  get reaped(): number {
    return this.#reaped;
  }

  start(): void {
    this.#schedule(0);
  }

  /** A call of the store failed. The next beat comes soon; until it succeeds the store counts as unreachable. */
  onFailure(error: unknown): void {
    if (!this.#reported) this.#options.log.warn({ error: messageOf(error) }, 'presence store failed');
    this.#reported = true;
    if (!this.#connected) return;
    this.#connected = false;
    if (this.#beating === undefined) this.#schedule(this.#nextRetry());
  }

  /** All writes are done: the store works again. */
  onSettled(): void {
    if (!this.#connected) return;
    this.#retryMs = FIRST_RETRY_MS;
    if (this.#reported) this.#options.log.info('presence store works again');
    this.#reported = false;
  }

  async close(): Promise<void> {
    this.#closed = true;
    this.#cancel?.();
    await this.#beating;
    await this.#reaping;
  }

  #schedule(delayMs: number): void {
    this.#cancel?.();
    if (this.#closed) return;
    const { clock, ttlMs } = this.#options;
    const now = clock.now();
    this.#dueAt = Math.max(now + delayMs, this.#settlesAt);
    this.#cancel = clock.after(this.#dueAt - now, () => {
      const overdueMs = clock.now() - this.#dueAt;
      if (overdueMs > this.#intervalMs && clock.now() - this.#renewedAt > ttlMs) {
        this.#settlesAt = clock.now() + SETTLE_MS;
        this.#schedule(0);
        return;
      }
      this.#beating = this.#beat().finally(() => {
        this.#beating = undefined;
        this.#schedule(this.#connected ? this.#intervalMs : this.#nextRetry());
      });
    });
  }

  #nextRetry(): number {
    const delay = this.#retryMs;
    this.#retryMs = Math.min(this.#retryMs * 2, LONGEST_RETRY_MS, this.#intervalMs);
    return delay;
  }

  async #beat(): Promise<void> {
    const { store, nodeId, ttlMs, clock, onBeat, log } = this.#options;
    const sentAt = clock.now();
    let renewal: Renewal;
    try {
      renewal = await store.renew(nodeId, ttlMs);
    } catch (error) {
      this.#away = true;
      this.onFailure(error);
      return;
    }
    if (this.#closed) return;
    const { entries, leftMs } = renewal;
    const now = clock.now();
    const first = this.#renewedAt === Number.NEGATIVE_INFINITY;
    // A node that could not renew for this long, because the store was unreachable or the process was stopped, may be
    // the first of many to return. The others get a whole lease to renew before they count as dead.
    const late = now - this.#renewedAt > ttlMs / 2;
    const jumped = leftMs < ttlMs * (1 - CLOCK_SLACK) - (now - this.#sentAt);
    if (jumped && !late)
      log.warn({ leftMs }, 'presence leases ended early: no node is declared dead for a while');
    if (late || jumped) this.#reapFrom = now + ttlMs;
    this.#renewedAt = now;
    this.#sentAt = sentAt;
    this.#connected = true;
    const wasAway = this.#away;
    this.#away = false;
    if (entries !== 'kept' && !first) log.warn('presence is written again from the start');
    onBeat(entries, wasAway);
    this.#reaping ??= this.#reap().finally(() => {
      this.#reaping = undefined;
    });
  }

  async #reap(): Promise<void> {
    const { store, nodeId, clock, log } = this.#options;
    if (clock.now() < this.#reapFrom) return;
    try {
      for (const deadNodeId of await store.expired()) {
        const departures = await store.reap(deadNodeId, nodeId);
        this.#reaped += departures;
        if (departures > 0) log.info({ deadNodeId, departures }, 'announced departures of a dead node');
      }
    } catch (error) {
      this.onFailure(error);
    }
  }
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
