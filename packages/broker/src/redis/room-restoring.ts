import { formatPosition } from '@chorus/protocol';
import { call, partitionOf, publishCommand, type RedisClient, scopeOf } from '@chorus/redis';
import type { Position } from '../broker.js';
import type { BroughtIn, MirroredRoom, Restoration } from '../room-directory.js';
import type { BrokerKeys } from './keys.js';
import { readPosition } from './read-position.js';
import { lettersOf } from './traits.js';

/** Limits the run time of one script, because Redis serves no other client meanwhile. */
const ROOMS_AT_ONCE = 100;

/** See `RoomDirectory.bringIn`. One script for many rooms; in a Redis Cluster, for the rooms of a partition. */
export async function bringInRooms(
  redis: RedisClient,
  names: BrokerKeys,
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
      names.state(scope),
      names.unstored(scope),
      names.expiring(scope),
      names.stored(scope),
      names.records(scope),
      names.wanted(scope),
      names.losses(scope),
      names.traits(scope),
      ...members.flatMap(({ room }) => [names.stream(room.id), ...names.sent(room.id)]),
    ];
    const args = members.flatMap(({ room: { id, generation, last, changes, kind, size } }) => [
      id,
      generation,
      last.epoch,
      last.seq,
      changes ?? 0,
      lettersOf(kind, size),
    ]);
    const how = [publishCommand(redis.isCluster), names.channelSuffix, now];
    const replies = await call(() => redis.chorusBringIn(keys.length, ...keys, ...how, ...args));
    for (const [at, { index }] of members.entries()) outcomes[index] = understand(replies[at] ?? '');
  };
  await Promise.all([...groups.values()].map(send));
  return outcomes;
}

/** See `RoomDirectory.restore`. */
export async function restoreRoom(
  redis: RedisClient,
  names: BrokerKeys,
  { room, end, messages, before, complete }: Restoration,
  now: number,
): Promise<boolean> {
  const keys = names.allOf(room.id, redis.isCluster);
  const done = await call(() =>
    redis.chorusRestoreRoom(
      keys.length,
      ...keys,
      room.id,
      room.generation,
      publishCommand(redis.isCluster),
      names.channel(room.id),
      now,
      end === undefined ? '-' : formatPosition(end),
      before === 'unknown' ? '' : before,
      complete ? '1' : '',
      room.last.epoch,
      room.last.seq,
      room.changes ?? 0,
      lettersOf(room.kind, room.size),
      ...messages.flatMap((message) => [
        formatPosition(message),
        message.body,
        message.idempotencyKey,
        message.changes ?? '',
      ]),
    ),
  );
  return done === 1;
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
