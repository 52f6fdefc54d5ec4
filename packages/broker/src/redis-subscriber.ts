import { type Logger, retryDelayMs } from '@chorus/service';
import { Redis, type RedisOptions } from 'ioredis';

/** Channels in one SUBSCRIBE; keeps single commands, and their replies, small after an outage. */
const CHUNK = 500;

export interface SubscriberOptions {
  /** Use SSUBSCRIBE: all channels then belong to slots of the server connected to. */
  sharded: boolean;
  onMessage(channel: string, payload: Buffer): void;
  /** The connection was lost, is back, and every channel is subscribed again. */
  onResumed(): void;
  /**
   * The server does not, or no longer, serve a channel's slot. (A server that gives a slot away says
   * so unasked; ioredis takes that for a protocol error and reconnects, and subscribing again ends here.)
   */
  onMoved?(): void;
  log: Logger;
}

/**
 * One connection that only receives. Keeps the set of wanted channels and, after every
 * reconnection, subscribes to all of them again before it reports `onResumed`.
 */
export class RedisSubscriber {
  readonly #redis: Redis;
  readonly #wanted = new Set<string>();
  #waiting: Array<{ channel: string; resolve(): void; reject(error: unknown): void }> = [];
  #flushing = false;
  #established = false;

  constructor(
    url: string,
    connection: RedisOptions,
    private readonly timeoutMs: number,
    private readonly options: SubscriberOptions,
  ) {
    this.#redis = new Redis(url, {
      ...connection,
      commandTimeout: timeoutMs,
      connectTimeout: timeoutMs,
      enableOfflineQueue: false,
      maxRetriesPerRequest: 0,
      autoResubscribe: false,
      retryStrategy: retryDelayMs,
    });
    this.#redis.on('error', (error: Error) => {
      options.log.debug({ error: error.message }, 'redis subscriber connection failed');
    });
    this.#redis.on('ready', () => void this.#onReady());
    this.#redis.on(
      options.sharded ? 'smessageBuffer' : 'messageBuffer',
      (channel: Buffer, payload: Buffer) => {
        options.onMessage(channel.toString('latin1'), payload);
      },
    );
  }

  get connected(): boolean {
    return this.#redis.status === 'ready';
  }

  /** All channels that are meant to be subscribed on this connection. */
  get channels(): ReadonlySet<string> {
    return this.#wanted;
  }

  /**
   * Resolves once the server has confirmed. Calls of one tick share a command, and those made
   * before the first connection wait for it; while a connection is lost they reject at once.
   * After a rejection the channel is not wanted any more.
   */
  subscribe(channel: string): Promise<void> {
    this.#wanted.add(channel);
    return new Promise((resolve, reject) => {
      const fail = (error: unknown): void => {
        clearTimeout(timer);
        this.#wanted.delete(channel);
        reject(error);
      };
      const timer = setTimeout(() => fail(new Error('subscription timed out')), this.timeoutMs);
      const confirmed = (): void => {
        clearTimeout(timer);
        resolve();
      };
      this.#waiting.push({ channel, resolve: confirmed, reject: fail });
      this.#flushSoon();
    });
  }

  /** Resolves at once when the connection is down: nothing is subscribed then. */
  async unsubscribe(channel: string): Promise<void> {
    this.#wanted.delete(channel);
    if (!this.connected) return;
    if (this.options.sharded) await this.#redis.sunsubscribe(channel);
    else await this.#redis.unsubscribe(channel);
  }

  /** Takes a channel off this connection without a word to the server, which does not serve it. */
  forget(channel: string): void {
    this.#wanted.delete(channel);
  }

  close(): void {
    this.#redis.disconnect();
    for (const { reject } of this.#waiting.splice(0)) reject(new Error('connection closed'));
  }

  #flushSoon(): void {
    const canSend = this.connected || this.#established;
    if (!canSend || this.#flushing) return;
    this.#flushing = true;
    setImmediate(() => this.#flush());
  }

  #flush(): void {
    this.#flushing = false;
    const waiting = this.#waiting;
    this.#waiting = [];
    for (let at = 0; at < waiting.length; at += CHUNK) {
      const chunk = waiting.slice(at, at + CHUNK);
      this.#send(chunk.map((entry) => entry.channel)).then(
        () => {
          for (const entry of chunk) entry.resolve();
        },
        (error: unknown) => {
          for (const entry of chunk) entry.reject(error);
        },
      );
    }
  }

  async #send(channels: string[]): Promise<void> {
    if (!this.options.sharded) {
      await this.#redis.subscribe(...channels);
      return;
    }
    // One SSUBSCRIBE takes channels of one slot only; the hash tag names the slot.
    const bySlot = new Map<string, string[]>();
    for (const channel of channels) {
      const tag = channel.slice(0, channel.indexOf('}'));
      bySlot.set(tag, [...(bySlot.get(tag) ?? []), channel]);
    }
    try {
      await Promise.all([...bySlot.values()].map((group) => this.#redis.ssubscribe(...group)));
    } catch (error) {
      if (error instanceof Error && error.message.startsWith('MOVED')) this.options.onMoved?.();
      throw error;
    }
  }

  async #onReady(): Promise<void> {
    if (!this.#established) {
      this.#established = true;
      this.#flushSoon();
      return;
    }
    const channels = [...this.#wanted];
    try {
      for (let at = 0; at < channels.length; at += CHUNK) await this.#send(channels.slice(at, at + CHUNK));
      this.options.onResumed();
    } catch (error) {
      // Without all channels the connection is of no use: start over, with the usual delay.
      this.options.log.warn({ error: String(error) }, 'redis resubscription failed');
      this.#redis.disconnect(true);
    }
  }
}
