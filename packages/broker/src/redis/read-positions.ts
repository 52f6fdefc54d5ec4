import { allScopes, call, type Keyspace, publishCommand, type RedisClient, scopeOf } from '@chorus/redis';
import { type Position, RoomNotFoundError, RoomsRestoringError } from '../broker.js';
import type { ReadMark, ReadPositions, UserReadMark } from '../read-positions.js';
import { BrokerKeys } from './keys.js';
import { readPosition } from './read-position.js';
import { defineBrokerScripts } from './scripts.js';

/** Marks that one script settles, because Redis serves no other client meanwhile. */
const SETTLED_AT_ONCE = 500;

/** Read positions in Redis. The connection belongs to the caller. */
export class RedisReadPositions implements ReadPositions {
  readonly #keys: BrokerKeys;

  constructor(
    private readonly redis: RedisClient,
    keyspace: Keyspace,
  ) {
    defineBrokerScripts(redis);
    this.#keys = new BrokerKeys(keyspace);
  }

  async mark(roomId: number, userId: number, { epoch, seq }: Position, unread: boolean): Promise<ReadMark> {
    const { isCluster } = this.redis;
    const names = this.#keys;
    const scope = scopeOf(roomId, isCluster);
    const keys = [names.state(scope), names.stream(roomId), names.traits(scope), names.reads(scope)];
    const about = [roomId, userId, epoch, seq, unread ? '1' : ''];
    const answer = await call(() =>
      this.redis.chorusRead(keys.length, ...keys, publishCommand(isCluster), names.channelSuffix, ...about),
    );
    if (answer === 'unknown') throw new RoomNotFoundError(roomId);
    if (answer === 'incomplete' || answer === 'restoring') {
      throw new RoomsRestoringError('the rooms are being restored');
    }
    return markOf(answer);
  }

  async ofUser(userId: number, roomIds: readonly number[]): Promise<Map<number, ReadMark>> {
    const byScope = this.#byScope(roomIds, (roomId) => roomId);
    const found = new Map<number, ReadMark>();
    await Promise.all(
      [...byScope].map(async ([scope, rooms]) => {
        const values = await this.#values(
          scope,
          rooms.map((roomId) => fieldOf(roomId, userId)),
        );
        for (const [at, mark] of values) found.set(rooms[at] ?? 0, mark);
      }),
    );
    return found;
  }

  async ofRoom(roomId: number, userIds: readonly number[]): Promise<Map<number, ReadMark>> {
    const scope = scopeOf(roomId, this.redis.isCluster);
    const values = await this.#values(
      scope,
      userIds.map((userId) => fieldOf(roomId, userId)),
    );
    return new Map([...values].map(([at, mark]) => [userIds[at] ?? 0, mark]));
  }

  async unsettled(limit: number): Promise<UserReadMark[]> {
    const scopes = allScopes(this.redis.isCluster);
    const share = Math.ceil(limit / scopes.length);
    const found = await call(() =>
      Promise.all(scopes.map((scope) => this.redis.hrandfield(this.#keys.reads(scope), share, 'WITHVALUES'))),
    );
    return (found as string[][]).flatMap((flat) => {
      const marks: UserReadMark[] = [];
      for (let at = 0; at < flat.length; at += 2) {
        const [roomId = '', userId = ''] = flat[at]?.split(':') ?? [];
        const version = flat[at + 1] ?? '';
        marks.push({ roomId: Number(roomId), userId: Number(userId), version, ...markOf(version) });
      }
      return marks;
    });
  }

  async settle(marks: readonly UserReadMark[]): Promise<void> {
    const byScope = this.#byScope(marks, ({ roomId }) => roomId);
    await call(async () => {
      for (const [scope, those] of byScope) {
        for (let at = 0; at < those.length; at += SETTLED_AT_ONCE) {
          const some = those.slice(at, at + SETTLED_AT_ONCE);
          const args = some.flatMap(({ roomId, userId, version }) => [fieldOf(roomId, userId), version]);
          await this.redis.chorusSettleReads(1, this.#keys.reads(scope), ...args);
        }
      }
    });
  }

  #byScope<T>(items: readonly T[], roomOf: (item: T) => number): Map<number | undefined, T[]> {
    const scopes = new Map<number | undefined, T[]>();
    for (const item of items) {
      const scope = scopeOf(roomOf(item), this.redis.isCluster);
      const others = scopes.get(scope);
      if (others === undefined) scopes.set(scope, [item]);
      else others.push(item);
    }
    return scopes;
  }

  /** The marks that exist, by the index of their fields. */
  async #values(scope: number | undefined, fields: readonly string[]): Promise<Map<number, ReadMark>> {
    if (fields.length === 0) return new Map();
    const values = await call(() => this.redis.hmget(this.#keys.reads(scope), ...fields));
    return new Map(values.flatMap((value, at) => (value === null ? [] : [[at, markOf(value)] as const])));
  }
}

function fieldOf(roomId: number, userId: number): string {
  return `${roomId}:${userId}`;
}

/** @param text as `read.lua` writes it */
function markOf(text: string): ReadMark {
  const [id = '', n, unreadAt = '-'] = text.split(' ');
  return {
    ...readPosition(id),
    n: n === '-' ? undefined : Number(n),
    unreadAt: unreadAt === '-' ? undefined : readPosition(unreadAt),
  };
}
