import { formatPosition } from '@chorus/protocol';
import { allScopes, call, type Keyspace, publishCommand, type RedisClient } from '@chorus/redis';
import {
  type ArchiveQueue,
  type Backlog,
  type BacklogMeasure,
  type HistoryLimits,
  MEASURED_ROOMS,
} from '../archive-queue.js';
import type { Position } from '../broker.js';
import { costOf, userOf } from '../publishing/backlog-cost.js';
import { extrapolated, type RoomBacklog } from '../publishing/backlog-measure.js';
import { sentAtOf } from '../publishing/sent-at.js';
import { entryOf } from '../publishing/stored-frame.js';
import { BrokerKeys } from './keys.js';
import { readPosition } from './read-position.js';
import { defineBrokerScripts } from './scripts.js';

type Scope = number | undefined;

interface Claim {
  readonly roomId: number;
  readonly after: Position;
}

/** Limits the run time of one script, because Redis serves no other client meanwhile. */
const MAX_ROOMS_AT_ONCE = 1_000;

/** The queue in Redis. The connection belongs to the caller. */
export class RedisArchiveQueue implements ArchiveQueue {
  /** All scopes: one for all rooms, or the partitions of a Redis Cluster. */
  readonly #scopes: readonly Scope[];
  /** The scope at which the next claim begins, so that each gets its turn. */
  #next = 0;

  readonly #keys: BrokerKeys;

  constructor(
    private readonly redis: RedisClient,
    keyspace: Keyspace,
  ) {
    defineBrokerScripts(redis);
    this.#keys = new BrokerKeys(keyspace);
    this.#scopes = allScopes(redis.isCluster);
  }

  async claim(maxRooms: number, maxMessages: number, leaseMs: number): Promise<Backlog[]> {
    const claims = await call(() => this.#claimRooms(maxRooms, leaseMs));
    // Reads outside the script, which would block all other clients. A room that cannot be read is claimed again after
    // its lease.
    const outcomes = await Promise.allSettled(claims.map((claim) => this.#read(claim, maxMessages)));
    const backlogs = outcomes.flatMap((outcome) => (outcome.status === 'fulfilled' ? [outcome.value] : []));
    const failed = outcomes.find((outcome) => outcome.status === 'rejected');
    if (backlogs.length === 0 && failed !== undefined) await call(() => Promise.reject(failed.reason));
    return backlogs;
  }

  async settle(
    roomId: number,
    upTo: Position,
    keep: HistoryLimits,
    read?: Backlog,
    erased: readonly Position[] = [],
  ): Promise<void> {
    const { isCluster } = this.redis;
    const keys = this.#keys.allOf(roomId, isCluster);
    await call(() =>
      this.redis.chorusSettleBacklog(
        keys.length,
        ...keys,
        roomId,
        formatPosition(upTo),
        keep.size,
        keep.maxAgeMs,
        publishCommand(isCluster),
        this.#keys.channel(roomId),
        erased.length,
        ...erased.map(formatPosition),
        ...countOf(read, upTo),
      ),
    );
  }

  async backlog(): Promise<{ bytes: number; rooms: number }> {
    const scopes = await call(() => Promise.all(this.#scopes.map((scope) => this.#countIn(scope))));
    return {
      bytes: scopes.reduce((sum, { bytes }) => sum + bytes, 0),
      rooms: scopes.reduce((sum, { rooms }) => sum + rooms, 0),
    };
  }

  async measure(): Promise<BacklogMeasure> {
    const share = Math.ceil(MEASURED_ROOMS / this.#scopes.length);
    const [backlog, waiting] = await Promise.all([
      this.backlog(),
      call(() => Promise.all(this.#scopes.map((scope) => this.#waitingIn(scope, share)))),
    ]);
    return extrapolated(backlog, waiting.flat());
  }

  async close(): Promise<void> {}

  async #countIn(scope: Scope): Promise<{ bytes: number; rooms: number }> {
    const [bytes, rooms] = await Promise.all([
      this.redis.hget(this.#keys.state(scope), 'unstored'),
      this.redis.zcard(this.#keys.unstored(scope)),
    ]);
    return { bytes: Number(bytes ?? 0), rooms };
  }

  async #waitingIn(scope: Scope, most: number): Promise<RoomBacklog[]> {
    const rooms = await this.redis.zrange(this.#keys.unstored(scope), 0, most - 1);
    if (rooms.length === 0) return [];
    const stored = await this.redis.hmget(this.#keys.stored(scope), ...rooms);
    return Promise.all(rooms.map((room, at) => this.#waitingOf(Number(room), stored[at] ?? '0-0')));
  }

  /** Numbers of a room have no gaps, so the two ends give the number of messages. */
  async #waitingOf(roomId: number, stored: string): Promise<RoomBacklog> {
    const stream = this.#keys.stream(roomId);
    const [[first], [last]] = await Promise.all([
      this.redis.xrange(stream, `(${stored}`, '+', 'COUNT', 1),
      this.redis.xrevrange(stream, '+', `(${stored}`, 'COUNT', 1),
    ]);
    if (first === undefined || last === undefined) return { messages: 0, oldestSentAt: undefined };
    const messages = readPosition(last[0]).seq - readPosition(first[0]).seq + 1;
    return { messages, oldestSentAt: sentAtOf(first[1][1] ?? '') };
  }

  /** Queries the partitions by turns, each for an equal share, and those that have more again. */
  async #claimRooms(maxRooms: number, leaseMs: number): Promise<Claim[]> {
    const claims: Claim[] = [];
    const turns = [...this.#scopes.slice(this.#next), ...this.#scopes.slice(0, this.#next)];
    let failure: unknown;
    while (turns.length > 0 && claims.length < maxRooms) {
      const left = maxRooms - claims.length;
      const asked = turns.splice(0, left);
      const share = Math.min(Math.floor(left / asked.length), MAX_ROOMS_AT_ONCE);
      const ask = async (scope: Scope): Promise<void> => {
        const claimed = await this.#claimIn(scope, share, leaseMs);
        claims.push(...claimed);
        if (claimed.length === share) turns.push(scope);
      };
      // A partition whose server is down, or that is being moved, holds up no other.
      for (const outcome of await Promise.allSettled(asked.map(ask))) {
        if (outcome.status === 'rejected') failure = outcome.reason;
      }
      this.#next = (this.#next + asked.length) % this.#scopes.length;
    }
    if (claims.length === 0 && failure !== undefined) throw failure;
    return claims;
  }

  async #claimIn(scope: Scope, maxRooms: number, leaseMs: number): Promise<Claim[]> {
    const names = this.#keys;
    const keys = [
      names.state(scope),
      names.unstored(scope),
      names.expiring(scope),
      names.stored(scope),
      names.senders(scope),
    ];
    const flat = await this.redis.chorusClaimBacklog(keys.length, ...keys, maxRooms, leaseMs);
    const claims: Claim[] = [];
    for (let at = 0; at < flat.length; at += 2) {
      claims.push({ roomId: Number(flat[at]), after: readPosition(flat[at + 1] ?? '') });
    }
    return claims;
  }

  async #read({ roomId, after }: Claim, limit: number): Promise<Backlog> {
    const start = `(${after.epoch}-${after.seq}`;
    const entries = await this.redis.xrange(this.#keys.stream(roomId), start, '+', 'COUNT', limit);
    const messages = entries.map(([id, fields]) => entryOf(readPosition(id), fields));
    return { roomId, after, messages };
  }
}

/** Arguments of `settle-backlog.lua` about messages that were read, up to the last of them. */
function countOf(read: Backlog | undefined, upTo: Position): Array<string | number> {
  const [first, last] = [read?.messages.at(0), read?.messages.at(-1)];
  if (read === undefined || first === undefined || last === undefined) return [];
  if (last.epoch !== upTo.epoch || last.seq !== upTo.seq) return [];
  let bytes = 0;
  const byUser = new Map<string, number>();
  for (const { body } of read.messages) {
    const [cost, user] = [costOf(body), userOf(body)];
    bytes += cost;
    if (user !== undefined) byUser.set(user, (byUser.get(user) ?? 0) + cost);
  }
  return [formatPosition(first), bytes, ...[...byUser].flat()];
}
