import type { RedisClient } from '@chorus/service';
import { BacklogFullError, BrokerUnavailableError, type Position, RoomNotFoundError } from './broker.js';
import { type Keyspace, PARTITIONS, partitionOf, scopeOf } from './keys.js';
import { MicroBatcher } from './micro-batcher.js';
import { readPosition } from './read-position.js';
import { ask } from './redis-ask.js';
import type { RoomReply } from './redis-scripts.js';

export interface RedisPublisherOptions {
  keyspace: Keyspace;
  /**
   * Bytes of messages that may wait to be stored in the database, over all rooms, before publishing is refused. In a
   * Redis Cluster each partition has an equal share.
   */
  maxBacklogBytes: number;
  /** Longest time, in milliseconds, that a message waits for company when messages come fast. */
  maxBatchWindowMs: number;
  /** How busy the process is, 0 to 1: while it is not, messages wait only a third as long. Default 1. */
  busy?(): number;
}

interface Outgoing {
  roomId: number;
  body: string;
  /** Empty for none. */
  key: string;
}

/** Keeps one script run short: Redis serves nobody else meanwhile. */
const BATCH = { maxItems: 128, maxSize: 256 * 1024 };
/** What may wait while Redis is slow or silent, in characters; in a Redis Cluster for each partition. */
const MAX_QUEUED = 64 * 1024 * 1024;
const MAX_QUEUED_PER_PARTITION = 4 * 1024 * 1024;

/** Sends messages in batches through one script that numbers, stores and publishes them. */
export class RedisPublisher {
  readonly #batchers = new Map<number, MicroBatcher<Outgoing, Position>>();
  /** Epochs of the rooms that are published to again and again: they save the script a look-up. */
  readonly #epochs = new Map<number, number | undefined>();
  /** Which life of the data they are from, by batcher; known as long as the connection that told it lasts. */
  readonly #lives = new Map<number, string>();

  constructor(
    private readonly redis: RedisClient,
    private readonly options: RedisPublisherOptions,
  ) {
    redis.on('close', () => this.#lives.clear());
  }

  publish(roomId: number, body: string, key = ''): Promise<Position> {
    const group = this.#group(roomId);
    let batcher = this.#batchers.get(group);
    if (batcher === undefined) {
      batcher = new MicroBatcher<Outgoing, Position>(
        (items) => this.#send(group, items),
        (item) => item.body.length + item.key.length,
        {
          ...BATCH,
          maxQueuedSize: this.redis.isCluster ? MAX_QUEUED_PER_PARTITION : MAX_QUEUED,
          maxWindowMs: this.options.maxBatchWindowMs,
          busy: this.options.busy,
        },
      );
      this.#batchers.set(group, batcher);
    }
    return batcher.add({ roomId, body, key });
  }

  /** Expects many messages for this room, until {@link forget}. */
  remember(roomId: number): void {
    this.#epochs.set(roomId, undefined);
  }

  forget(roomId: number): void {
    this.#epochs.delete(roomId);
  }

  /** A script of a Redis Cluster touches one slot only; a single server takes all rooms at once. */
  #group(roomId: number): number {
    return this.redis.isCluster ? partitionOf(roomId) : 0;
  }

  async #send(group: number, items: Outgoing[]): Promise<Array<Position | Error>> {
    const { keyspace, maxBacklogBytes } = this.options;
    const { isCluster } = this.redis;
    const rooms = new Map<number, Outgoing[]>();
    for (const item of items) {
      const messages = rooms.get(item.roomId);
      if (messages === undefined) rooms.set(item.roomId, [item]);
      else messages.push(item);
    }
    const scope = scopeOf(items[0]?.roomId ?? 0, isCluster);
    const keys = [keyspace.state(scope), keyspace.unstored(scope)];
    const life = this.#lives.get(group) ?? '';
    const args: Array<string | number> = [
      isCluster ? 'SPUBLISH' : 'PUBLISH',
      isCluster ? Math.floor(maxBacklogBytes / PARTITIONS) : maxBacklogBytes,
      life,
      // The connections of a Redis Cluster come and go one by one: there the server is asked each time.
      life !== '' && !isCluster ? '1' : '',
    ];
    for (const [roomId, messages] of rooms) {
      const keyed = messages.some(({ key }) => key !== '');
      keys.push(keyspace.stream(roomId));
      args.push(roomId, this.#epochs.get(roomId) ?? '', keyed ? -messages.length : messages.length);
      for (const { body } of messages) args.push(body);
      if (!keyed) continue;
      keys.push(...keyspace.sent(roomId));
      for (const { key } of messages) args.push(key);
    }
    const [currentLife, ...replies] = await ask(() =>
      this.redis.chorusPublish(keys.length, ...keys, ...args),
    );
    this.#enterLife(group, currentLife);
    const outcomes = new Map<number, Outcome>();
    for (const [index, [roomId, { length }]] of [...rooms].entries()) {
      const outcome = readOutcome(replies[index] ?? ['', 0, ''], length);
      if (outcome.next !== undefined && this.#epochs.has(roomId)) {
        this.#epochs.set(roomId, outcome.next.epoch);
      }
      outcomes.set(roomId, outcome);
    }
    return items.map(({ roomId }) => takePlace(roomId, outcomes.get(roomId)));
  }

  #enterLife(group: number, life: string): void {
    if (this.#lives.get(group) === life) return;
    this.#lives.set(group, life);
    for (const roomId of this.#epochs.keys()) {
      if (this.#group(roomId) === group) this.#epochs.set(roomId, undefined);
    }
  }
}

const NONE: ReadonlyMap<number, Position> = new Map();

/** What became of one room's messages of a batch. */
interface Outcome {
  /** How many of them were looked at. */
  taken: number;
  /** Those that were stored before, by their number in the batch. */
  readonly known: ReadonlyMap<number, Position>;
  /** The place of the next new one, and how many new ones are left. */
  next: Position | undefined;
  left: number;
  /** Why the rest was not stored. */
  readonly why: string;
}

function readOutcome(reply: RoomReply, sent: number): Outcome {
  if (typeof reply === 'string') {
    return { taken: 0, known: NONE, next: readPosition(reply), left: sent, why: '' };
  }
  const [first, stored, why, ...known] = reply;
  const places = new Map<number, Position>();
  for (let at = 0; at < known.length; at += 2) {
    places.set(Number(known[at]), readPosition(String(known[at + 1])));
  }
  const next = first === '' ? undefined : readPosition(first);
  return { taken: 0, known: places, next, left: stored, why };
}

function refusal(roomId: number, why: string): Error {
  switch (why) {
    case 'unknown':
      return new RoomNotFoundError(roomId);
    case 'incomplete':
      return new BrokerUnavailableError('the rooms are being restored');
    case 'full':
      return new BacklogFullError('too many messages wait to be stored');
    default:
      return new BrokerUnavailableError('redis refused to store the message');
  }
}

function takePlace(roomId: number, outcome: Outcome | undefined): Position | Error {
  if (outcome === undefined) return new Error('no reply for this room');
  const known = outcome.known.get(++outcome.taken);
  if (known !== undefined) return known;
  const place = outcome.next;
  if (place === undefined || outcome.left === 0) return refusal(roomId, outcome.why);
  outcome.left--;
  outcome.next = { epoch: place.epoch, seq: place.seq + 1 };
  return place;
}
