import type { Logger } from '@chorus/service';
import type { Redis, RedisOptions } from 'ioredis';
import { checkConnection } from '../connection/check.js';
import type { RedisConfig } from '../connection/client.js';
import { openNode, openServer } from '../connection/open-server.js';
import { retryDelayMs } from '../connection/retry-delay.js';
import type { RedisWatch } from '../connection/watch.js';

/** Channels per SUBSCRIBE, which keeps single commands and their replies small after an outage. */
const CHUNK = 500;
/** Pause before refused subscriptions are retried, in milliseconds. */
const RETRY_MS = 500;

export interface SubscriberOptions {
  /** Names the connection in logs, metrics and Redis' own list of connections. */
  purpose: string;
  /** Whether to use SSUBSCRIBE: all channels then belong to slots of the connected server. */
  sharded: boolean;
  /** The server, or in a Redis Cluster what applies to every server. */
  server: Pick<RedisConfig, 'urls' | 'tls' | 'sentinel'>;
  /** Maximum time without a response of the server, in milliseconds. */
  timeoutMs: number;
  onMessage(channel: string, payload: Buffer): void;
  /** Called after a reconnect, when every possible channel is subscribed again. */
  onResumed(): void;
  /** Called if the server does not, or no longer, serve the slot of some channel. */
  onMoved?(): void;
  /** Watches the connection. */
  watch: RedisWatch;
  log: Logger;
}

/** The server does not serve the slot of a channel. */
export class SlotMovedError extends Error {
  override name = 'SlotMovedError';
}

interface PendingSubscription {
  channel: string;
  settled: boolean;
  settle(error?: unknown): void;
}

/**
 * A connection that only receives. Keeps the set of wanted channels, and subscribes to all of them after every
 * reconnect before it calls `onResumed`.
 */
export class RedisSubscriber {
  readonly #redis: Redis;
  readonly #wanted = new Set<string>();
  #waiting: PendingSubscription[] = [];
  #flushing = false;
  /** Number of connections made so far. */
  #connections = 0;
  /** Subscriptions whose callers wait. */
  readonly #unsettled = new Set<PendingSubscription>();
  /** Channels of which a caller was told that they are subscribed. */
  readonly #subscribed = new Set<string>();
  /** Identifies the connection while every possible channel is subscribed on it. */
  #link: object | undefined;
  /** Subscriptions in progress, one after the other. */
  #line: Promise<void> = Promise.resolve();

  constructor(private readonly options: SubscriberOptions) {
    const { purpose, server, timeoutMs, log, sharded } = options;
    const link = options.watch.open(purpose, log);
    const settings: RedisOptions = {
      connectionName: purpose,
      // Only for `CLIENT LIST`, and one more command that would need a permission.
      disableClientInfo: true,
      commandTimeout: timeoutMs,
      connectTimeout: timeoutMs,
      enableOfflineQueue: false,
      maxRetriesPerRequest: 0,
      autoResubscribe: false,
      retryStrategy: retryDelayMs,
    };
    this.#redis = sharded ? openNode(server, link, settings) : openServer(server, link, settings);
    link.attach(this.#redis);
    checkConnection(this.#redis, link, { timeoutMs, receives: true });
    this.#redis.on('error', (error: Error) => {
      // A server that loses a slot sends an unsolicited notice, which ioredis takes for a reply.
      if (error.message.startsWith('Command queue state error')) options.onMoved?.();
    });
    this.#redis.on('ready', () => this.#onReady());
    this.#redis.on('close', () => {
      this.#link = undefined;
    });
    this.#redis.on(sharded ? 'smessageBuffer' : 'messageBuffer', (channel: Buffer, payload: Buffer) => {
      options.onMessage(channel.toString(), payload);
    });
  }

  get connected(): boolean {
    return this.#redis.status === 'ready';
  }

  /** A new object after each reconnect; undefined until all channels are subscribed again. */
  link(): object | undefined {
    return this.connected ? this.#link : undefined;
  }

  /** Breaks the connection without waiting for the other side; it reconnects by itself. */
  breakLink(): void {
    if (this.connected) this.#redis.stream.destroy();
  }

  /**
   * Resolves once the server has confirmed the subscription. Calls of one tick share a command, and calls before the
   * first connection wait for it; while a connection is lost they reject at once. After a rejection the channel is no
   * longer wanted, unless another call for it waits or has succeeded.
   *
   * @throws {SlotMovedError} sharded only
   */
  subscribe(channel: string): Promise<void> {
    this.#wanted.add(channel);
    return new Promise((resolve, reject) => {
      const waiting: PendingSubscription = {
        channel,
        settled: false,
        settle: (error) => {
          if (waiting.settled) return;
          waiting.settled = true;
          clearTimeout(timer);
          this.#unsettled.delete(waiting);
          if (error === undefined) {
            this.#subscribed.add(channel);
            return resolve();
          }
          // Redis may have subscribed nevertheless, or may do so later; but another caller may want the channel as well.
          const others = [...this.#unsettled].some((other) => other.channel === channel);
          if (!others && !this.#subscribed.has(channel)) this.unsubscribe(channel).catch(() => undefined);
          reject(error);
        },
      };
      const timer = setTimeout(
        () => waiting.settle(new Error('subscription timed out')),
        this.options.timeoutMs,
      );
      this.#unsettled.add(waiting);
      this.#waiting.push(waiting);
      this.#flushSoon();
    });
  }

  /** Resolves at once while the connection is down: nothing is subscribed then. */
  async unsubscribe(channel: string): Promise<void> {
    this.#wanted.delete(channel);
    this.#subscribed.delete(channel);
    if (!this.connected) return;
    if (this.options.sharded) await this.#redis.sunsubscribe(channel);
    else await this.#redis.unsubscribe(channel);
  }

  close(): void {
    this.#redis.disconnect();
    for (const waiting of this.#waiting.splice(0)) waiting.settle(new Error('connection closed'));
  }

  #flushSoon(): void {
    if (this.#connections === 0 || this.#flushing) return;
    this.#flushing = true;
    setImmediate(() => {
      this.#flushing = false;
      const waiting = this.#waiting.splice(0).filter((entry) => !entry.settled);
      for (let at = 0; at < waiting.length; at += CHUNK) this.#confirm(waiting.slice(at, at + CHUNK));
    });
  }

  #confirm(waiting: PendingSubscription[]): void {
    for (const group of this.#groups(waiting.map((entry) => entry.channel))) {
      const channels = new Set(group);
      const settle = (error?: unknown): void => {
        for (const entry of waiting) if (channels.has(entry.channel)) entry.settle(error);
      };
      this.#send(group).then(() => settle(), settle);
    }
  }

  /** One SSUBSCRIBE accepts channels of one slot only; the hash tag determines the slot. */
  #groups(channels: string[]): string[][] {
    if (!this.options.sharded) return [channels];
    const bySlot = new Map<string, string[]>();
    for (const channel of channels) {
      const tag = channel.slice(0, channel.indexOf('}') + 1) || channel;
      const group = bySlot.get(tag);
      if (group === undefined) bySlot.set(tag, [channel]);
      else group.push(channel);
    }
    return [...bySlot.values()];
  }

  /** Subscribes to the given channels that are still wanted when it is their turn. */
  #send(channels: string[]): Promise<void> {
    const sent = this.#line.then(async () => {
      const wanted = channels.filter((channel) => this.#wanted.has(channel));
      if (wanted.length === 0) return;
      // ioredis would send the command on a connection that is not ready, which then never becomes ready.
      if (!this.connected) throw new Error('not connected');
      if (this.options.sharded) await this.#subscribeSharded(wanted);
      else await this.#redis.subscribe(...wanted);
    });
    this.#line = sent.catch(() => undefined);
    return sent;
  }

  /** ioredis reports MOVED as an event and leaves the command unanswered. */
  async #subscribeSharded(channels: string[]): Promise<void> {
    let onMoved: (() => void) | undefined;
    const moved = new Promise<never>((_, reject) => {
      onMoved = () => reject(new SlotMovedError(`the server does not serve ${channels[0]}`));
      this.#redis.once('moved', onMoved);
    });
    try {
      await Promise.race([this.#redis.ssubscribe(...channels), moved]);
    } finally {
      if (onMoved !== undefined) this.#redis.off('moved', onMoved);
    }
  }

  #onReady(): void {
    const connection = ++this.#connections;
    if (connection === 1) {
      this.#link = {};
      this.#flushSoon();
    } else void this.#resubscribe(connection);
  }

  /** Subscribes to all channels again, and retries for as long as this connection lasts. */
  async #resubscribe(connection: number): Promise<void> {
    const channels = [...this.#wanted];
    let moved = false;
    try {
      for (let at = 0; at < channels.length; at += CHUNK) {
        for (const group of this.#groups(channels.slice(at, at + CHUNK))) {
          await this.#send(group).catch((error: unknown) => {
            if (!(error instanceof SlotMovedError)) throw error;
            moved = true;
          });
        }
      }
    } catch (error) {
      if (connection !== this.#connections || !this.connected) return;
      this.options.log.warn({ error: String(error) }, 'redis resubscription failed');
      setTimeout(() => {
        if (connection === this.#connections && this.connected) void this.#resubscribe(connection);
      }, RETRY_MS).unref();
      return;
    }
    if (connection === this.#connections && this.connected) this.#link = {};
    this.options.onResumed();
    if (moved) this.options.onMoved?.();
  }
}
