import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import {
  allScopes,
  call,
  connectedOrNot,
  createRedis,
  createSubscriber,
  type Keyspace,
  publishCommand,
  type RedisClient,
  type RedisConfig,
  RedisWatch,
  type Subscriber,
} from '@chorus/redis';
import type { Logger } from '@chorus/service';
import type {
  ActivityListener,
  Broker,
  BrokerListener,
  Position,
  Published,
  RoomStanding,
  SeenOfRoom,
  StoredMessage,
} from '../broker.js';
import { parseControlEvent } from '../control-event.js';
import { readActivity } from './activity-lines.js';
import { DeliveryProbe } from './delivery-probe.js';
import { noticeEnvelope, openEnvelope } from './envelope.js';
import { BrokerKeys } from './keys.js';
import { RedisPositions } from './positions.js';
import type { ProbeStats } from './probe-stats.js';
import { RedisPublisher, type RedisPublisherOptions, replicaWait } from './publisher.js';
import { readBetween } from './read-stream.js';
import { defineBrokerScripts } from './scripts.js';

export interface RedisBrokerOptions extends RedisPublisherOptions {
  redis: RedisConfig;
  keyspace: Keyspace;
  /** Longest wait of {@link RedisBroker.connect} for Redis, in milliseconds; the broker keeps trying after that. */
  connectTimeoutMs: number;
  /**
   * Interval of the delivery probes, in milliseconds. A probe that does not return within the command timeout means
   * that nothing is delivered. Default 1,000.
   */
  probeIntervalMs?: number;
  /** Watches both connections: purposes `broker` and `broker-subscriber`. */
  watch?: RedisWatch | undefined;
  /** Receives statistics of the probes. */
  probes?: ProbeStats | undefined;
  log: Logger;
}

/** Purposes of the connections in metrics and logs. */
const COMMANDS = 'broker';
const SUBSCRIBER = 'broker-subscriber';
/** Pause before a failed subscription of the control channel is retried, in milliseconds. */
const RETRY_MS = 250;

/**
 * The broker over Redis 7: one script numbers, stores and publishes; one connection sends commands and another one
 * receives. With `redis.cluster`, rooms are spread over a Redis Cluster and use sharded pub/sub.
 */
export class RedisBroker implements Broker {
  readonly #commands: RedisClient;
  readonly #publisher: RedisPublisher;
  readonly #positions: RedisPositions;
  readonly #subscriber: Subscriber;
  readonly #probe: DeliveryProbe;
  readonly #probeChannels: Set<string>;
  readonly #keys: BrokerKeys;
  readonly #roomOf = new Map<string, number>();
  /** Activity channels, each with the connection on which nothing was missed so far; undefined before the first subscription. */
  readonly #activity = new Map<string, object | undefined>();
  #watchingActivity: Promise<void> | undefined;
  #listener: BrokerListener | undefined;
  #activityListener: ActivityListener | undefined;
  readonly #watch: RedisWatch;
  /** Whether control events arrive. */
  #listening = false;
  readonly #closing = new AbortController();

  private constructor(private readonly options: RedisBrokerOptions) {
    const { redis, keyspace, log, watch = new RedisWatch() } = options;
    this.#watch = watch;
    this.#keys = new BrokerKeys(keyspace);
    this.#commands = createRedis(redis, log, COMMANDS, watch);
    defineBrokerScripts(this.#commands);
    this.#publisher = new RedisPublisher(this.#commands, this.#keys, {
      ...options,
      replicas: replicaWait(redis),
    });
    this.#positions = new RedisPositions(this.#commands, this.#keys);
    this.#subscriber = createSubscriber(this.#commands, {
      purpose: SUBSCRIBER,
      server: redis,
      timeoutMs: redis.commandTimeoutMs,
      onMessage: this.#receive,
      onResumed: () => {
        this.#probe.recheck();
        this.#listener?.onResumed();
        this.#activityMissed();
      },
      watch,
      log,
    });
    const node = randomUUID();
    this.#probeChannels = new Set(allScopes(redis.cluster).map((scope) => this.#keys.probe(node, scope)));
    this.#probe = new DeliveryProbe({
      channels: [...this.#probeChannels],
      intervalMs: options.probeIntervalMs ?? 1_000,
      timeoutMs: redis.commandTimeoutMs,
      subscribe: (channel) => this.#subscriber.subscribe(channel),
      publish: (channel) => this.#commands.chorusProbe(1, channel, publishCommand(redis.cluster)),
      link: (channel) => this.#subscriber.link(channel),
      breakLink: (channel) => this.#subscriber.breakLink(channel),
      stats: options.probes,
      log,
    });
    this.#commands.on('ready', () => this.#probe.recheck());
  }

  /**
   * Resolves when deliveries flow, or after {@link RedisBrokerOptions.connectTimeoutMs} without them: the broker keeps
   * trying, and {@link trouble} has the reason.
   *
   * @throws {ConfigError} Redis does not have the database of the URL
   */
  static async connect(options: RedisBrokerOptions): Promise<RedisBroker> {
    const broker = new RedisBroker(options);
    const enough = new AbortController();
    const refused = connectedOrNot(broker.#commands, options.connectTimeoutMs);
    const begun = Promise.all([refused, broker.#subscribeControl(), broker.#probe.start()]);
    try {
      // Rejects when the start is over.
      const late = sleep(options.connectTimeoutMs, undefined, { signal: enough.signal }).catch(
        () => undefined,
      );
      await Promise.race([begun, late]);
      return broker;
    } catch (error) {
      await broker.close();
      throw error;
    } finally {
      enough.abort();
    }
  }

  get connected(): boolean {
    return this.trouble === undefined;
  }

  get trouble(): string | undefined {
    if (this.#closing.signal.aborted) return 'is closed';
    const trouble = this.#watch.trouble(COMMANDS, SUBSCRIBER);
    return trouble ?? (this.#listening && this.#probe.delivering ? undefined : 'does not deliver');
  }

  listen(listener: BrokerListener, activity: ActivityListener = listener): void {
    this.#listener = listener;
    this.#activityListener = activity;
  }

  publish(roomId: number, body: string, idempotencyKey?: string): Promise<Published> {
    return this.#publisher.publish(roomId, body, idempotencyKey);
  }

  publishedWith(roomId: number, idempotencyKey: string): Promise<Position | undefined> {
    return this.#publisher.publishedWith(roomId, idempotencyKey);
  }

  async publishNotice(roomId: number, frame: string): Promise<void> {
    const channel = this.#keys.channel(roomId);
    await call(() => this.#publish(channel, noticeEnvelope(frame)));
  }

  async subscribe(roomId: number): Promise<void> {
    const channel = this.#keys.channel(roomId);
    this.#roomOf.set(channel, roomId);
    this.#publisher.remember(roomId);
    try {
      await call(() => this.#subscriber.subscribe(channel));
    } catch (error) {
      this.#forget(roomId);
      throw error;
    }
  }

  async unsubscribe(roomId: number): Promise<void> {
    this.#forget(roomId);
    await call(() => this.#subscriber.unsubscribe(this.#keys.channel(roomId)));
  }

  watchActivity(): Promise<void> {
    // Two subscriptions of a channel at once would end together if one of them failed.
    this.#watchingActivity ??= this.#watchActivity().finally(() => {
      this.#watchingActivity = undefined;
    });
    return this.#watchingActivity;
  }

  stored(roomId: number): Promise<Position> {
    return this.#positions.stored(roomId);
  }

  async position(roomId: number, seen?: Position): Promise<Position> {
    const known = seen && ({ position: seen, generation: '', by: 'node' } as const);
    return (await this.standing(roomId, known)).at;
  }

  standing(roomId: number, seen?: SeenOfRoom): Promise<RoomStanding> {
    const acked = seen?.by === 'node' ? this.#publisher.acked(roomId) : [];
    return this.#positions.ask(roomId, seen, acked);
  }

  async between(roomId: number, after: Position, upTo: Position, limit: number): Promise<StoredMessage[]> {
    if (limit <= 0) return [];
    return readBetween(this.#commands, this.#keys.stream(roomId), { roomId, after, upTo, limit });
  }

  async close(): Promise<void> {
    this.#closing.abort();
    this.#probe.close();
    this.#subscriber.close();
    this.#commands.disconnect();
  }

  /** Subscribes to the control channel; retries until it succeeds. */
  async #subscribeControl(): Promise<void> {
    const { signal } = this.#closing;
    while (!signal.aborted) {
      try {
        await this.#subscriber.subscribe(this.#keys.control());
        this.#listening = true;
        return;
      } catch (error) {
        this.options.log.debug({ error: String(error) }, 'control channel could not be subscribed yet');
        await sleep(RETRY_MS, undefined, { signal }).catch(() => undefined);
      }
    }
  }

  async #watchActivity(): Promise<void> {
    const channels = allScopes(this.options.redis.cluster).map((scope) => this.#keys.activity(scope));
    const missing = channels.filter((channel) => this.#activity.get(channel) === undefined);
    const subscribed = missing.map(async (channel) => {
      await this.#subscriber.subscribe(channel);
      this.#activity.set(channel, this.#subscriber.link(channel));
    });
    await call(() => Promise.all(subscribed));
  }

  /** News that arrive on another connection than before may follow missing ones. */
  #receiveActivity(channel: string, payload: Buffer): void {
    const link = this.#subscriber.link(channel);
    // Before the listener knows that the connection was replaced.
    if (link === undefined) return;
    if (link !== this.#activity.get(channel)) this.#activityMissed();
    for (const activity of readActivity(payload)) this.#activityListener?.onActivity?.(activity);
  }

  #activityMissed(): void {
    if (this.#activity.size === 0) return;
    for (const channel of this.#activity.keys()) this.#activity.set(channel, this.#subscriber.link(channel));
    this.#activityListener?.onActivityMissed?.();
  }

  #publish(channel: string, payload: string): Promise<unknown> {
    const { cluster } = this.options.redis;
    return cluster ? this.#commands.spublish(channel, payload) : this.#commands.publish(channel, payload);
  }

  #forget(roomId: number): void {
    this.#roomOf.delete(this.#keys.channel(roomId));
    this.#publisher.forget(roomId);
  }

  /** Handles a message of the subscriber. */
  readonly #receive = (channel: string, payload: Buffer): void => {
    const roomId = this.#roomOf.get(channel);
    if (roomId !== undefined) {
      if (this.#listener === undefined || openEnvelope(payload, roomId, this.#listener)) return;
      this.options.log.warn({ roomId }, 'unknown payload on a room channel');
    } else if (channel === this.#keys.control()) {
      const event = parseControlEvent(payload.toString());
      if (event !== undefined) this.#listener?.onControl(event);
      else this.options.log.warn('unknown control event');
    } else if (this.#activity.has(channel)) this.#receiveActivity(channel, payload);
    else if (this.#probeChannels.has(channel)) this.#probe.heard(channel);
  };
}
