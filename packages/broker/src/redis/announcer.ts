import type { Announcer } from '../announcer.js';
import { noticeEnvelope } from './envelope.js';
import type { Keyspace } from './keys.js';

/** The announcer that goes with a `RedisBroker` of the same keyspace and mode. */
export function redisAnnouncer(keyspace: Keyspace, sharded: boolean): Announcer {
  return {
    command: sharded ? 'SPUBLISH' : 'PUBLISH',
    channel: (roomId) => keyspace.channel(roomId),
    envelope: noticeEnvelope,
  };
}
