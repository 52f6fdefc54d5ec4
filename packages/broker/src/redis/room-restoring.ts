import { formatPosition } from '@chorus/protocol';
import type { RedisClient } from '@chorus/redis';
import type { Position } from '../broker.js';
import type { BroughtIn, MirroredRoom, Restoration } from '../room-directory.js';
import { ask } from './ask.js';
import { type Keyspace, partitionOf, scopeOf } from './keys.js';
import { readPosition } from './read-position.js';

/** Keeps one script run short: Redis serves nobody else meanwhile. */
const ROOMS_AT_ONCE = 100;

/** See `RoomDirectory.bringIn`. One script for many rooms; in a Redis Cluster for those of a partition. */
export async function bringInRooms(
  redis: RedisClient,
  keyspace: Keyspace,
  rooms: readonly MirroredRoom[],
  now: number,
): Promise<BroughtIn[]> {
  const groups = new Map<number, Array<{ room: MirroredRoom; index: number }>>();
  for (const [index, room] of rooms.entries()) {
    const group = redis.isCluster ? partitionOf(room.id) : Math.floor(index / ROOMS_AT_ONCE);
    const members = groups.get(group);
    if (members === undefined) groups.set(group, [{ room, index }]);
    else members.push({ room, index });
  }
  const outcomes = new Array<BroughtIn>(rooms.length);
  const send = async (members: ReadonlyArray<{ room: MirroredRoom; index: number }>): Promise<void> => {
    const scope = scopeOf(members[0]?.room.id ?? 0, redis.isCluster);
    const keys = [
      keyspace.state(scope),
      keyspace.unstored(scope),
      keyspace.expiring(scope),
      keyspace.stored(scope),
      keyspace.records(scope),
      keyspace.wanted(scope),
      keyspace.losses(scope),
      ...members.flatMap(({ room }) => [keyspace.stream(room.id), ...keyspace.sent(room.id)]),
    ];
    const args = members.flatMap(({ room: { id, generation, last } }) => [
      id,
      generation,
      last.epoch,
      last.seq,
    ]);
    const how = [publishCommand(redis), keyspace.channelSuffix, now];
    const replies = await ask(() => redis.chorusBringIn(keys.length, ...keys, ...how, ...args));
    for (const [at, { index }] of members.entries()) outcomes[index] = understand(replies[at] ?? '');
  };
  await Promise.all([...groups.values()].map(send));
  return outcomes;
}

/** See `RoomDirectory.restore`. */
export async function restoreRoom(
  redis: RedisClient,
  keyspace: Keyspace,
  { room, end, messages, before, complete }: Restoration,
  now: number,
): Promise<boolean> {
  const keys = keyspace.allOf(room.id, redis.isCluster);
  const done = await ask(() =>
    redis.chorusRestoreRoom(
      keys.length,
      ...keys,
      room.id,
      room.generation,
      publishCommand(redis),
      keyspace.channel(room.id),
      now,
      end === undefined ? '-' : formatPosition(end),
      before === 'unknown' ? '' : before,
      complete ? '1' : '',
      room.last.epoch,
      room.last.seq,
      ...messages.flatMap((message) => [formatPosition(message), message.body, message.idempotencyKey]),
    ),
  );
  return done === 1;
}

function publishCommand({ isCluster }: RedisClient): string {
  return isCluster ? 'SPUBLISH' : 'PUBLISH';
}

function understand(reply: string): BroughtIn {
  switch (reply) {
    case 'made':
    case 'whole':
    case 'older':
    case 'newer':
      return reply;
  }
  const [, end = '', unstored = '', needed = ''] = reply.split(' ');
  return { end: positionOf(end), unstored: positionOf(unstored), needed: positionOf(needed) };
}

function positionOf(id: string): Position | undefined {
  return id === '-' ? undefined : readPosition(id);
}
