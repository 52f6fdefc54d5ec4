import { call, partitionOf, publishCommand, type RedisClient, scopeOf } from '@chorus/redis';
import {
  type Position,
  RoomNotFoundError,
  type RoomStanding,
  RoomsRestoringError,
  type SeenOfRoom,
} from '../broker.js';
import { MicroBatcher } from '../publishing/micro-batcher.js';
import type { BrokerKeys } from './keys.js';
import { readPosition } from './read-position.js';
import { kindOf } from './traits.js';

interface StandingQuery {
  readonly roomId: number;
  readonly seen: SeenOfRoom;
  /** Positions of messages that this node acknowledged. */
  readonly acked: readonly Position[];
}

const NOTHING_SEEN: SeenOfRoom = { position: { epoch: 0, seq: 0 }, generation: '', by: 'node' };

/**
 * Limits the run time of one script, because Redis serves no other client meanwhile; and the waiting rooms, per
 * partition in a Redis Cluster.
 */
const BATCH = { maxItems: 200, maxSize: Number.POSITIVE_INFINITY, maxQueuedSize: 100_000, maxWindowMs: 0 };

/** Queries the standing of rooms: one script for all concurrent queries, such as those of a node after an outage. */
export class RedisPositions {
  readonly #batchers = new Map<number, MicroBatcher<StandingQuery, RoomStanding>>();

  constructor(
    private readonly redis: RedisClient,
    private readonly names: BrokerKeys,
  ) {}

  /** See `Broker.standing`. */
  ask(roomId: number, seen = NOTHING_SEEN, acked: readonly Position[] = []): Promise<RoomStanding> {
    // A script in a Redis Cluster touches one slot only; a single server takes all rooms at once.
    const group = this.redis.isCluster ? partitionOf(roomId) : 0;
    let batcher = this.#batchers.get(group);
    if (batcher === undefined) {
      batcher = new MicroBatcher<StandingQuery, RoomStanding>(
        (queries) => this.#send(queries),
        () => 1,
        BATCH,
      );
      this.#batchers.set(group, batcher);
    }
    return batcher.add({ roomId, seen, acked });
  }

  /** See `Broker.stored`. */
  async stored(roomId: number): Promise<Position> {
    const key = this.names.stored(scopeOf(roomId, this.redis.isCluster));
    return readPosition((await call(() => this.redis.hget(key, String(roomId)))) ?? '0-0');
  }

  async #send(queries: readonly StandingQuery[]): Promise<Array<RoomStanding | Error>> {
    const { names, redis } = this;
    const scope = scopeOf(queries[0]?.roomId ?? 0, redis.isCluster);
    const shared = [names.state(scope), names.wanted(scope), names.losses(scope), names.records(scope)];
    const keys = [
      ...[...shared, names.traits(scope), names.retentions(scope)],
      ...queries.map(({ roomId }) => names.stream(roomId)),
    ];
    const seen = queries.flatMap(({ roomId, seen: { position, generation, by }, acked }) => [
      ...[roomId, generation, by, acked.length + 1],
      ...[position, ...acked].flatMap(({ epoch, seq }) => [epoch, seq]),
    ]);
    const publish = publishCommand(redis.isCluster);
    const answers = await call(() =>
      redis.chorusPosition(keys.length, ...keys, publish, names.channelSuffix, ...seen),
    );
    return queries.map(({ roomId }, index) => understand(roomId, answers[index] ?? ''));
  }
}

function understand(roomId: number, answer: string): RoomStanding | Error {
  if (answer === 'unknown') return new RoomNotFoundError(roomId);
  if (answer === 'incomplete' || answer === 'restoring') {
    return new RoomsRestoringError('the rooms are being restored');
  }
  const [at = '', wholeFrom = '', lost = '', settled = '', ...more] = answer.split(' ');
  const [letters = '', generation = '', days = ''] = more;
  return {
    at: readPosition(at),
    generation,
    kind: kindOf(letters),
    wholeFrom: Number(wholeFrom),
    lost: lost === '0-0' ? undefined : readPosition(lost),
    settled: settled === '1',
    retentionDays: days === '' ? undefined : Number(days),
  };
}
