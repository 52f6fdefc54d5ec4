import { type Keyspace, publishCommand } from '@chorus/redis';
import { noticeEnvelope } from './envelope.js';
import { BrokerKeys } from './keys.js';

/**
 * How scripts of others publish a notice that every `RedisBroker` of the same keyspace and mode delivers: the `NoticeTarget`
 * of `@chorus/presence`.
 */
export function redisNoticeTarget(keyspace: Keyspace, cluster: boolean) {
  const keys = new BrokerKeys(keyspace);
  return {
    command: publishCommand(cluster),
    channel: (roomId: number): string => keys.channel(roomId),
    envelope: noticeEnvelope,
  };
}
