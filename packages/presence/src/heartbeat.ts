import type { Logger } from '@chorus/service';
import type { Clock } from './clock.js';
import type { PresenceStore } from './presence-store.js';

export interface HeartbeatOptions {
  store: PresenceStore;
  nodeId: string;
  log: Logger;
  ttlMs: number;
  clock: Clock;
  /** The lease was taken (`kept` is false: nothing of this node is stored) or renewed. */
  onBeat(kept: boolean): void;
}

const FIRST_RETRY_MS = 50;
const LONGEST_RETRY_MS = 1_000;

/** Renews the node's lease a few times per lease, and after each renewal reaps nodes that are dead. */
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

  /** A call of the store failed. The next beat comes soon; until it succeeds the store counts as away. */
  onFailure(error: unknown): void {
    if (!this.#reported) this.#options.log.warn({ error: messageOf(error) }, 'presence store failed');
    this.#reported = true;
    if (!this.#connected) return;
    this.#connected = false;
    if (this.#beating === undefined) this.#schedule(this.#nextRetry());
  }

  /** Nothing is left to be written: the store works again. */
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
    this.#cancel = this.#options.clock.after(delayMs, () => {
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
    let kept: boolean;
    try {
      kept = await store.renew(nodeId, ttlMs);
    } catch (error) {
      this.onFailure(error);
      return;
    }
    if (this.#closed) return;
    // Whoever could not renew for so long, because the store was away or this process was stopped, may
    // be the first of many to come back. The others get a whole lease to renew before they count as dead.
    if (clock.now() - this.#renewedAt > ttlMs / 2) this.#reapFrom = clock.now() + ttlMs;
    const again = this.#renewedAt > Number.NEGATIVE_INFINITY;
    this.#renewedAt = clock.now();
    this.#connected = true;
    if (!kept && again) log.warn('presence is written again from the start');
    onBeat(kept);
    this.#reaping ??= this.#reap().finally(() => {
      this.#reaping = undefined;
    });
  }

  async #reap(): Promise<void> {
    const { store, clock, log } = this.#options;
    if (clock.now() < this.#reapFrom) return;
    try {
      for (const nodeId of await store.expired()) {
        const departures = await store.reap(nodeId);
        this.#reaped += departures;
        if (departures > 0)
          log.info({ deadNodeId: nodeId, departures }, 'announced departures of a dead node');
      }
    } catch (error) {
      this.onFailure(error);
    }
  }
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
