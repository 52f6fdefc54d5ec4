import { type Keyspace, publishCommand } from '@chorus/redis';
import { noticeEnvelope } from './envelope.js';
import { BrokerKeys } from './keys.js';

/**
 * Lets scripts of other packages publish a notice that every `RedisBroker` with this keyspace and mode delivers: the
 * `NoticeTarget` of `@chorus/presence`.
 */
export function redisNoticeTarget(keyspace: Keyspace, cluster: boolean) {
  const keys = new BrokerKeys(keyspace);
  return {
    command: publishCommand(cluster),
    channel: (roomId: number): string => keys.channel(roomId),
    envelope: noticeEnvelope,
  };
}
