import { createRedis, type Logger, type RedisClient, type RedisConfig, redisReady } from '@chorus/service';
import { Cluster, type RedisOptions } from 'ioredis';
import {
  type Broker,
  type BrokerListener,
  BrokerUnavailableError,
  type ControlEvent,
  type Position,
  RoomNotFoundError,
  type StoredMessage,
} from './broker.js';
import { noticeEnvelope, openEnvelope, parsePosition } from './envelope.js';
import { type Keyspace, partitionOf } from './keys.js';
import { BatchQueueFullError, MicroBatcher } from './micro-batcher.js';
import { defineScripts } from './redis-scripts.js';
import { RedisShardedSubscriber } from './redis-sharded-subscriber.js';
import { RedisSubscriber } from './redis-subscriber.js';
import { storedFrame } from './stored-frame.js';

export interface RedisBrokerOptions {
  redis: RedisConfig;
  keyspace: Keyspace;
  /** Messages kept per room, at least. */
  historySize: number;
  /** Longest time, in milliseconds, that a message waits for company when messages come fast. */
  maxBatchWindowMs: number;
  /** How long to wait for Redis at the start, in milliseconds. */
  connectTimeoutMs: number;
  log: Logger;
}

interface Outgoing {
  roomId: number;
  body: string;
}

/** Keeps one script run short: Redis serves nobody else meanwhile. */
const BATCH = { maxItems: 128, maxSize: 256 * 1024, maxQueued: 50_000 };

/**
 * The broker over Redis 7: one script numbers, stores and publishes; one connection sends commands
 * and another receives. With `redis.cluster`, rooms are spread over a Redis Cluster and travel by
 * sharded pub/sub.
 */
export class RedisBroker implements Broker {
  readonly #commands: RedisClient;
  /** Receives control events where the subscriber does not: sharded connections carry no ordinary channels. */
  readonly #control: RedisClient | undefined;
  readonly #subscriber: RedisSubscriber | RedisShardedSubscriber;
  readonly #keyspace: Keyspace;
  readonly #roomOf = new Map<string, number>();
  /** The newest epoch seen of each room that is subscribed here: saves the script a look-up. */
  readonly #epochs = new Map<number, number>();
  readonly #batchers = new Map<number, MicroBatcher<Outgoing, Position>>();

  private constructor(
    private readonly options: RedisBrokerOptions,
    private readonly listener: BrokerListener,
  ) {
    const { redis, keyspace, log } = options;
    this.#keyspace = keyspace;
    this.#commands = createRedis(redis, log, 'broker');
    defineScripts(this.#commands);
    const connection: RedisOptions = { connectionName: 'broker-subscriber' };
    const timeoutMs = redis.commandTimeoutMs;
    const seedUrl = redis.urls[0] ?? '';
    const receive = {
      onMessage: (channel: string, payload: Buffer) => this.#receive(channel, payload),
      onResumed: () => listener.onResumed(),
      log,
    };
    if (this.#commands instanceof Cluster) {
      this.#subscriber = new RedisShardedSubscriber({
        cluster: this.#commands,
        seedUrl,
        connection,
        timeoutMs,
        ...receive,
      });
      // The control channel is an ordinary one: the cluster repeats it on every server.
      this.#control = createRedis(redis, log, 'broker-control');
      this.#control.on('messageBuffer', (_: Buffer, payload: Buffer) => this.#onControl(payload));
    } else {
      this.#subscriber = new RedisSubscriber(seedUrl, connection, timeoutMs, { sharded: false, ...receive });
    }
  }

  /** Connects; rejects with {@link BrokerUnavailableError} when Redis does not answer in time. */
  static async connect(options: RedisBrokerOptions, listener: BrokerListener): Promise<RedisBroker> {
    const broker = new RedisBroker(options, listener);
    try {
      await redisReady(broker.#commands, options.connectTimeoutMs);
      await broker.#subscribeControl();
      return broker;
    } catch (error) {
      await broker.close();
      throw unavailable(error);
    }
  }

  get connected(): boolean {
    return this.#commands.status === 'ready' && this.#subscriber.connected;
  }

  publish(roomId: number, body: string): Promise<Position> {
    // A script of a Redis Cluster touches one slot only; a single server takes all rooms at once.
    const group = this.options.redis.cluster ? partitionOf(roomId) : 0;
    let batcher = this.#batchers.get(group);
    if (batcher === undefined) {
      batcher = new MicroBatcher<Outgoing, Position>(
        (items) => this.#publishBatch(items),
        (item) => item.body.length,
        { ...BATCH, maxWindowMs: this.options.maxBatchWindowMs },
      );
      this.#batchers.set(group, batcher);
    }
    return batcher.add({ roomId, body });
  }

  async publishNotice(roomId: number, frame: string): Promise<void> {
    const channel = this.#keyspace.channel(roomId);
    const envelope = noticeEnvelope(frame);
    if (this.options.redis.cluster) await this.#ask(() => this.#commands.spublish(channel, envelope));
    else await this.#ask(() => this.#commands.publish(channel, envelope));
  }

  async subscribe(roomId: number): Promise<void> {
    const channel = this.#keyspace.channel(roomId);
    this.#roomOf.set(channel, roomId);
    await this.#ask(() => this.#subscriber.subscribe(channel));
  }

  async unsubscribe(roomId: number): Promise<void> {
    const channel = this.#keyspace.channel(roomId);
    this.#roomOf.delete(channel);
    this.#epochs.delete(roomId);
    await this.#ask(() => this.#subscriber.unsubscribe(channel));
  }

  async position(roomId: number, seen: Position = { epoch: 0, seq: 0 }): Promise<Position> {
    const keys = [this.#keyspace.stream(roomId), this.#keyspace.mirrorMarker(partitionOf(roomId))];
    const answer = await this.#ask(() => this.#commands.chorusPosition(2, ...keys, seen.epoch, seen.seq));
    if (answer === 'unknown') throw new RoomNotFoundError(roomId);
    if (answer === 'incomplete') throw new BrokerUnavailableError('the rooms are being restored');
    const position = parsePosition(answer);
    this.#noteEpoch(roomId, position.epoch);
    return position;
  }

  async range(
    roomId: number,
    epoch: number,
    after: number,
    upTo: number,
    limit: number,
  ): Promise<StoredMessage[]> {
    const stream = this.#keyspace.stream(roomId);
    const entries = await this.#ask(() =>
      this.#commands.xrange(stream, `(${epoch}-${after}`, `${epoch}-${upTo}`, 'COUNT', limit),
    );
    return entries.map(([id, fields]) => storedFrame(parsePosition(id).seq, fields[1] ?? ''));
  }

  async close(): Promise<void> {
    this.#subscriber.close();
    this.#control?.disconnect();
    this.#commands.disconnect();
  }

  async #subscribeControl(): Promise<void> {
    const channel = this.#keyspace.control();
    if (this.#control !== undefined) {
      await redisReady(this.#control, this.options.connectTimeoutMs);
      await this.#control.subscribe(channel);
    } else {
      await this.#subscriber.subscribe(channel);
    }
  }

  async #publishBatch(items: Outgoing[]): Promise<Array<Position | Error>> {
    const rooms = new Map<number, string[]>();
    for (const { roomId, body } of items) {
      const bodies = rooms.get(roomId);
      if (bodies === undefined) rooms.set(roomId, [body]);
      else bodies.push(body);
    }
    const keys: string[] = [];
    const args: Array<string | number> = [
      this.options.redis.cluster ? 'SPUBLISH' : 'PUBLISH',
      this.options.historySize,
    ];
    for (const [roomId, bodies] of rooms) {
      keys.push(this.#keyspace.stream(roomId));
      args.push(this.#epochs.get(roomId) ?? 0, this.#keyspace.channel(roomId), bodies.length, ...bodies);
    }
    const replies = await this.#ask(() => this.#commands.chorusPublish(keys.length, ...keys, ...args));
    const outcome = new Map<number, { next: Position; left: number; known: boolean }>();
    for (const [index, roomId] of [...rooms.keys()].entries()) {
      const [first, stored] = replies[index] ?? [];
      const next = first ? parsePosition(first) : { epoch: 0, seq: 0 };
      if (first) this.#noteEpoch(roomId, next.epoch);
      outcome.set(roomId, { next, left: stored ?? 0, known: first !== undefined });
    }
    return items.map(({ roomId }) => {
      const room = outcome.get(roomId);
      if (room === undefined || !room.known) return new RoomNotFoundError(roomId);
      if (room.left === 0) return new BrokerUnavailableError('redis refused to store the message');
      const position = room.next;
      room.left--;
      room.next = { epoch: position.epoch, seq: position.seq + 1 };
      return position;
    });
  }

  #receive(channel: string, payload: Buffer): void {
    const roomId = this.#roomOf.get(channel);
    if (roomId === undefined) {
      if (channel === this.#keyspace.control()) this.#onControl(payload);
      return;
    }
    openEnvelope(
      payload,
      (position, frame) => this.listener.onMessage(roomId, position, frame),
      (frame) => this.listener.onNotice(roomId, frame),
    );
  }

  #onControl(payload: Buffer): void {
    this.listener.onControl(JSON.parse(payload.toString()) as ControlEvent);
  }

  #noteEpoch(roomId: number, epoch: number): void {
    if (this.#roomOf.has(this.#keyspace.channel(roomId))) this.#epochs.set(roomId, epoch);
  }

  async #ask<T>(command: () => Promise<T>): Promise<T> {
    try {
      return await command();
    } catch (error) {
      throw unavailable(error);
    }
  }
}

function unavailable(error: unknown): Error {
  if (error instanceof BrokerUnavailableError || error instanceof BatchQueueFullError) return error;
  return new BrokerUnavailableError(error instanceof Error ? error.message : String(error), { cause: error });
}
