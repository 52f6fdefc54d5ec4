import type { RedisClient } from '@chorus/service';
import { BrokerUnavailableError, type Position, RoomNotFoundError } from './broker.js';
import { type Keyspace, partitionOf, scopeOf } from './keys.js';
import { MicroBatcher } from './micro-batcher.js';
import { readPosition } from './read-position.js';
import { ask } from './redis-ask.js';

interface Question {
  readonly roomId: number;
  readonly seen: Position;
}

/** Keeps one script run short: Redis serves nobody else meanwhile. At most so many wait, in a Redis Cluster for each partition. */
const BATCH = { maxItems: 200, maxSize: Number.POSITIVE_INFINITY, maxQueuedSize: 100_000, maxWindowMs: 0 };

/**
 * Asks for positions of rooms: one script for those that are asked for at the same time, as all of a node's are after
 * an outage.
 */
export class RedisPositions {
  readonly #batchers = new Map<number, MicroBatcher<Question, Position>>();

  constructor(
    private readonly redis: RedisClient,
    private readonly keyspace: Keyspace,
  ) {}

  /** See `Broker.position`. */
  position(roomId: number, seen: Position): Promise<Position> {
    // A script of a Redis Cluster touches one slot only; a single server takes all rooms at once.
    const group = this.redis.isCluster ? partitionOf(roomId) : 0;
    let batcher = this.#batchers.get(group);
    if (batcher === undefined) {
      batcher = new MicroBatcher<Question, Position>(
        (questions) => this.#ask(questions),
        () => 1,
        BATCH,
      );
      this.#batchers.set(group, batcher);
    }
    return batcher.add({ roomId, seen });
  }

  async #ask(questions: readonly Question[]): Promise<Array<Position | Error>> {
    const keys = [this.keyspace.state(scopeOf(questions[0]?.roomId ?? 0, this.redis.isCluster))];
    const seen: number[] = [];
    for (const { roomId, seen: position } of questions) {
      keys.push(this.keyspace.stream(roomId));
      seen.push(position.epoch, position.seq);
    }
    const answers = await ask(() => this.redis.chorusPosition(keys.length, ...keys, ...seen));
    return questions.map(({ roomId }, index) => understand(roomId, answers[index] ?? ''));
  }
}

function understand(roomId: number, answer: string): Position | Error {
  if (answer === 'unknown') return new RoomNotFoundError(roomId);
  if (answer === 'incomplete') return new BrokerUnavailableError('the rooms are being restored');
  return readPosition(answer);
}
