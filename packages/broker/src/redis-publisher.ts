import type { RedisClient } from '@chorus/service';
import { BrokerUnavailableError, type Position, RoomNotFoundError } from './broker.js';
import { parsePosition } from './envelope.js';
import { type Keyspace, partitionOf, stateOf } from './keys.js';
import { MicroBatcher } from './micro-batcher.js';
import { ask } from './redis-ask.js';

export interface RedisPublisherOptions {
  keyspace: Keyspace;
  /** Messages kept per room, at least. */
  historySize: number;
  /** Longest time, in milliseconds, that a message waits for company when messages come fast. */
  maxBatchWindowMs: number;
}

interface Outgoing {
  roomId: number;
  body: string;
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

  publish(roomId: number, body: string): Promise<Position> {
    const group = this.#group(roomId);
    let batcher = this.#batchers.get(group);
    if (batcher === undefined) {
      batcher = new MicroBatcher<Outgoing, Position>(
        (items) => this.#send(group, items),
        (item) => item.body.length,
        {
          ...BATCH,
          maxQueuedSize: this.redis.isCluster ? MAX_QUEUED_PER_PARTITION : MAX_QUEUED,
          maxWindowMs: this.options.maxBatchWindowMs,
        },
      );
      this.#batchers.set(group, batcher);
    }
    return batcher.add({ roomId, body });
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
    const { keyspace, historySize } = this.options;
    const rooms = new Map<number, string[]>();
    for (const { roomId, body } of items) {
      const bodies = rooms.get(roomId);
      if (bodies === undefined) rooms.set(roomId, [body]);
      else bodies.push(body);
    }
    const keys = [stateOf(keyspace, items[0]?.roomId ?? 0, this.redis.isCluster)];
    const life = this.#lives.get(group) ?? '';
    const args: Array<string | number> = [
      this.redis.isCluster ? 'SPUBLISH' : 'PUBLISH',
      historySize,
      life,
      // The connections of a Redis Cluster come and go one by one: there the server is asked each time.
      life !== '' && !this.redis.isCluster ? '1' : '',
    ];
    for (const [roomId, bodies] of rooms) {
      keys.push(keyspace.stream(roomId));
      args.push(this.#epochs.get(roomId) ?? '', keyspace.channel(roomId), bodies.length, ...bodies);
    }
    const [currentLife, ...replies] = await ask(() =>
      this.redis.chorusPublish(keys.length, ...keys, ...args),
    );
    this.#enterLife(group, currentLife);
    const outcomes = new Map<number, Outcome>();
    for (const [index, roomId] of [...rooms.keys()].entries()) {
      const outcome = readOutcome(roomId, String(replies[index * 2]), Number(replies[index * 2 + 1]));
      if ('next' in outcome && this.#epochs.has(roomId)) this.#epochs.set(roomId, outcome.next.epoch);
      outcomes.set(roomId, outcome);
    }
    return items.map(({ roomId }) => takePlace(outcomes.get(roomId)));
  }

  #enterLife(group: number, life: string): void {
    if (this.#lives.get(group) === life) return;
    this.#lives.set(group, life);
    for (const roomId of this.#epochs.keys()) {
      if (this.#group(roomId) === group) this.#epochs.set(roomId, undefined);
    }
  }
}

/** What became of one room's messages of a batch: the places they got, or why they got none. */
type Outcome = { next: Position; left: number } | { error: Error };

function readOutcome(roomId: number, reply: string, stored: number): Outcome {
  switch (reply) {
    case 'unknown':
      return { error: new RoomNotFoundError(roomId) };
    case 'incomplete':
      return { error: new BrokerUnavailableError('the rooms are being restored') };
    case 'refused':
      return { error: new BrokerUnavailableError('redis refused to store the message') };
    default:
      return { next: parsePosition(reply), left: stored };
  }
}

function takePlace(outcome: Outcome | undefined): Position | Error {
  if (outcome === undefined || 'error' in outcome)
    return outcome?.error ?? new Error('no reply for this room');
  if (outcome.left === 0) return new BrokerUnavailableError('redis refused to store the message');
  const place = outcome.next;
  outcome.left--;
  outcome.next = { epoch: place.epoch, seq: place.seq + 1 };
  return place;
}
