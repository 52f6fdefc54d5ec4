import {
  call,
  PARTITIONS,
  partitionOf,
  publishCommand,
  type RedisClient,
  type RedisConfig,
  UnavailableError,
} from '@chorus/redis';
import { BacklogFullError, type Position, type Published, RoomNotFoundError } from '../broker.js';
import { MicroBatcher } from '../publishing/micro-batcher.js';
import type { BrokerKeys } from './keys.js';
import { readPosition } from './read-position.js';
import type { RoomReply } from './scripts.js';

/** Replicas to wait for. */
export interface ReplicaWait {
  readonly count: number;
  /** In milliseconds. */
  readonly timeoutMs: number;
}

/** What the settings of a connection say about replicas. */
export function replicaWait({ waitReplicas = 0, commandTimeoutMs }: RedisConfig): ReplicaWait | undefined {
  // Less than the timeout of a command, so that Redis answers before it.
  return waitReplicas === 0 ? undefined : { count: waitReplicas, timeoutMs: Math.ceil(commandTimeoutMs / 2) };
}

export interface RedisPublisherOptions {
  /**
   * Bytes of messages that may wait to be stored in the database, over all rooms, before publishing is refused. In a
   * Redis Cluster each partition has an equal part.
   */
  maxBacklogBytes: number;
  /** Longest time that a message waits to share a batch with others at a high rate, in milliseconds. */
  maxBatchWindowMs: number;
  /** Replicas that must have a message before it counts as sent. Default: none. */
  replicas?: ReplicaWait | undefined;
  /** How long messages wait at the moment, from 0 (a quarter of `maxBatchWindowMs`) to 1 (all of it). Default 1. */
  gathering?(): number;
}

interface KnownRoom {
  /** Saves the script a look-up; undefined if it may be of another incarnation. */
  epoch: number | undefined;
  /** The newest position that this node acknowledged. */
  acked: Position | undefined;
  /** The newest position of the previous epoch that this node acknowledged: it may be lost. */
  ackedBefore: Position | undefined;
}

interface Outgoing {
  roomId: number;
  body: string;
  /** Empty for none. */
  key: string;
}

/** Limits the run time of one script, because Redis serves no other client meanwhile. */
const BATCH = { maxItems: 128, maxSize: 256 * 1024, maxWaitMs: 30_000 };
/** Size of the queue while Redis is slow or silent, in characters; per partition in a Redis Cluster. */
const MAX_QUEUED = 64 * 1024 * 1024;
const MAX_QUEUED_PER_PARTITION = 4 * 1024 * 1024;

/** Sends messages in batches through one script that numbers, stores and publishes them. */
export class RedisPublisher {
  readonly #batchers = new Map<number, MicroBatcher<Outgoing, Published>>();
  /** Rooms that are published to repeatedly. */
  readonly #known = new Map<number, KnownRoom>();
  /** Incarnation of the epochs by batcher; known for as long as the connection that returned it lasts. */
  readonly #incarnations = new Map<number, string>();

  constructor(
    private readonly redis: RedisClient,
    private readonly names: BrokerKeys,
    private readonly options: RedisPublisherOptions,
  ) {
    redis.on('close', () => this.#incarnations.clear());
  }

  publish(roomId: number, body: string, key = ''): Promise<Published> {
    const group = this.#group(roomId);
    let batcher = this.#batchers.get(group);
    if (batcher === undefined) {
      batcher = new MicroBatcher<Outgoing, Published>(
        (items) => this.#send(group, items),
        (item) => item.body.length + item.key.length,
        {
          ...BATCH,
          maxQueuedSize: this.redis.isCluster ? MAX_QUEUED_PER_PARTITION : MAX_QUEUED,
          maxWindowMs: this.options.maxBatchWindowMs,
          gathering: this.options.gathering,
        },
      );
      this.#batchers.set(group, batcher);
    }
    return batcher.add({ roomId, body, key });
  }

  /** See `Broker.publishedWith`. */
  async publishedWith(roomId: number, key: string): Promise<Position | undefined> {
    const found = await call(() =>
      Promise.all(this.names.sent(roomId).map((hash) => this.redis.hget(hash, key))),
    );
    const id = found.find((each) => each !== null);
    return id === undefined || id === null ? undefined : readPosition(id);
  }

  /** Expects many messages for this room, until {@link forget}. */
  remember(roomId: number): void {
    this.#known.set(roomId, { epoch: undefined, acked: undefined, ackedBefore: undefined });
  }

  forget(roomId: number): void {
    this.#known.delete(roomId);
  }

  /** The newest positions that this node acknowledged in a remembered room, in its last two epochs. */
  acked(roomId: number): Position[] {
    const known = this.#known.get(roomId);
    return [known?.acked, known?.ackedBefore].filter((position) => position !== undefined);
  }

  /** A script in a Redis Cluster touches one slot only; a single server takes all rooms at once. */
  #group(roomId: number): number {
    return this.redis.isCluster ? partitionOf(roomId) : 0;
  }

  async #send(group: number, items: Outgoing[]): Promise<Array<Published | Error>> {
    const rooms = new Map<number, RoomShare>();
    for (const item of items) {
      const share = rooms.get(item.roomId);
      if (share === undefined) rooms.set(item.roomId, new RoomShare(item));
      else share.messages.push(item);
    }
    const [life, ...replies] = await call(() => this.#run(group, rooms));
    this.#enterIncarnation(group, life);
    await this.#untilReplicated();
    let index = 0;
    for (const [roomId, share] of rooms) {
      const reply = replies[index++];
      if (reply === undefined) throw new Error('no reply for this room');
      share.answer(reply);
      const known = this.#known.get(roomId);
      if (known === undefined || share.last === undefined) continue;
      known.epoch = share.last.epoch;
      if (known.acked !== undefined && known.acked.epoch !== share.last.epoch)
        known.ackedBefore = known.acked;
      known.acked = share.last;
    }
    return items.map(({ roomId }) => rooms.get(roomId)?.takePlace() ?? new Error('no reply for this room'));
  }

  #run(group: number, rooms: ReadonlyMap<number, RoomShare>): Promise<[life: string, ...RoomReply[]]> {
    const { maxBacklogBytes } = this.options;
    const { names } = this;
    const { isCluster } = this.redis;
    const scope = isCluster ? group : undefined;
    const life = this.#incarnations.get(group) ?? '';
    const keys = [
      names.state(scope),
      names.unstored(scope),
      names.wanted(scope),
      names.stored(scope),
      names.senders(scope),
      names.traits(scope),
    ];
    const args: Array<string | number> = [
      publishCommand(isCluster),
      isCluster ? Math.floor(maxBacklogBytes / PARTITIONS) : maxBacklogBytes,
      life,
      // The connections of a Redis Cluster break one by one, so its servers are queried each time.
      life !== '' && !isCluster ? '1' : '',
      names.channelSuffix,
      rooms.size,
      ...rooms.keys(),
    ];
    for (const [roomId, { messages }] of rooms) {
      const keyed = messages.some(({ key }) => key !== '');
      keys.push(names.stream(roomId));
      args.push(this.#known.get(roomId)?.epoch ?? '', keyed ? -messages.length : messages.length);
      for (const { body } of messages) args.push(body);
      if (!keyed) continue;
      keys.push(...names.sent(roomId));
      for (const { key } of messages) args.push(key);
    }
    return this.redis.chorusPublish(keys.length, ...keys, ...args);
  }

  /** @throws {UnavailableError} too few replicas have in time what was just stored: a failover may lose it */
  async #untilReplicated(): Promise<void> {
    const { replicas } = this.options;
    if (replicas === undefined) return;
    const have = await call(() => this.redis.wait(replicas.count, replicas.timeoutMs));
    if (have < replicas.count) throw new UnavailableError('too few replicas of Redis have the message');
  }

  #enterIncarnation(group: number, life: string): void {
    if (this.#incarnations.get(group) === life) return;
    this.#incarnations.set(group, life);
    for (const [roomId, known] of this.#known) if (this.#group(roomId) === group) known.epoch = undefined;
  }
}

/** The messages of one room in a batch, and their results. */
class RoomShare {
  readonly messages: Outgoing[];
  /** Position of the last new message. */
  last: Position | undefined;
  /** Position of the next new message, and the number of remaining new ones. */
  next: Position | undefined;
  #left = 0;
  /** Messages that were stored before, or whose users have no share left, by their number in the batch, from 1. */
  #known: Map<number, Published | Error> | undefined;
  #taken = 0;
  /** Why the remaining messages were not stored. */
  #why = '';

  constructor(first: Outgoing) {
    this.messages = [first];
  }

  answer(reply: RoomReply): void {
    if (typeof reply === 'string') {
      this.#take(reply, this.messages.length);
      return;
    }
    const [first, stored, why, ...known] = reply;
    if (first !== '') this.#take(first, stored);
    this.#why = why;
    this.#known = new Map();
    for (let at = 0; at < known.length; at += 2) {
      const id = String(known[at + 1]);
      const error = id === '' && new BacklogFullError('too many messages of this user wait to be stored');
      this.#known.set(Number(known[at]), error || { ...readPosition(id), repeated: true });
    }
  }

  #take(first: string, count: number): void {
    this.next = readPosition(first);
    this.last = { epoch: this.next.epoch, seq: this.next.seq + count - 1 };
    this.#left = count;
  }

  /** Returns the result of the next message: its position, or why it has none. */
  takePlace(): Published | Error {
    const known = this.#known?.get(++this.#taken);
    if (known !== undefined) return known;
    const place = this.next;
    if (place === undefined || this.#left === 0) return this.#refusal();
    this.#left--;
    this.next = { epoch: place.epoch, seq: place.seq + 1 };
    return place;
  }

  #refusal(): Error {
    switch (this.#why) {
      case 'unknown':
        return new RoomNotFoundError(this.messages[0]?.roomId ?? 0);
      case 'incomplete':
      case 'restoring':
        return new UnavailableError('the rooms are being restored');
      case 'full':
        return new BacklogFullError('too many messages wait to be stored');
      default:
        return new UnavailableError('redis refused to store the message');
    }
  }
}
