import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import type { PresenceFrame } from '@chorus/protocol';
import { publishCommand } from '@chorus/redis';
import { connectRedis, openRedisKeys, redisAt, type TestRedisKeys } from '@chorus/redis/testing';
import { until } from '@chorus/testing';
import { Redis } from 'ioredis';
import type { NoticeTarget } from '../redis/notice-target.js';
import { RedisPresenceJournal } from '../redis/presence-journal.js';
import { RedisPresenceStore } from '../redis/presence-store.js';
import {
  type LossyPresenceFixture,
  SUITE_JOURNAL_LIMIT,
  SUITE_LIMIT,
  SUITE_ROOMS,
} from './conformance/index.js';

/** Shared by tests of the Redis store: keys of its own, a connection of all stores, a subscriber for announcements. */
export interface RedisFixture extends LossyPresenceFixture, Pick<TestRedisKeys, 'redis' | 'keyspace'> {
  readonly noticeTarget: NoticeTarget;
  open(): RedisPresenceStore;
  /** All keys of the fixture, sorted, without its prefix. */
  keys(): Promise<string[]>;
}

/**
 * @param servers URLs of all servers; several mean a Redis Cluster and sharded announcements
 * @param options `users`: these URLs with the Redis user of the stores
 */
export async function openRedisFixture(
  servers: readonly string[],
  options: { commandTimeoutMs?: number; users?: readonly string[] } = {},
): Promise<RedisFixture> {
  const sharded = servers.length > 1;
  const own = await openRedisKeys(redisAt(servers));
  const { keyspace } = own;
  const noticeTarget: NoticeTarget = {
    command: publishCommand(sharded),
    channel: (roomId) => `${keyspace.room(roomId)}:notices`,
    envelope: (frame) => `>${frame}`,
  };
  const redis = await connectRedis(redisAt(options.users ?? servers, options.commandTimeoutMs));

  // Tests stop servers on purpose; without a listener ioredis prints every attempt to reconnect.
  const connect = (url: string): Redis => new Redis(url, { retryStrategy: () => 5 }).on('error', () => {});
  const direct = servers.map(connect);
  const announced: PresenceFrame[] = [];
  const marks = new Map<string, () => void>();
  const markChannel = `${keyspace.prefix}:mark`;
  const ears = await Promise.all(
    servers.map(async (url) => {
      const ear = connect(url);
      const hear = (message: string): unknown => announced.push(JSON.parse(message.slice(1)));
      ear.on('message', (_channel: string, mark: string) => marks.get(mark)?.());
      ear.on('pmessage', (_pattern: string, _channel: string, message: string) => hear(message));
      ear.on('smessage', (_channel: string, message: string) => hear(message));
      await ear.subscribe(markChannel);
      if (!sharded) await ear.psubscribe(`*${keyspace.prefix}*:notices`);
      return ear;
    }),
  );
  if (sharded) {
    // One of the servers has the room's slot; the others refuse.
    const listen = (channel: string) => Promise.any(ears.map((ear) => ear.ssubscribe(channel)));
    await Promise.all(SUITE_ROOMS.map((roomId) => listen(noticeTarget.channel(roomId))));
  }

  return {
    keyspace,
    noticeTarget,
    redis,
    open: () => new RedisPresenceStore(redis, { keyspace, noticeTarget, announceLimit: SUITE_LIMIT }),
    openJournal: () => new RedisPresenceJournal(redis, keyspace, SUITE_JOURNAL_LIMIT),
    async announced() {
      // Announcements that arrive before a mark on this connection were published before it.
      await Promise.all(
        direct.map(async (server, index) => {
          const mark = `${index} ${randomUUID()}`;
          const heard = new Promise<void>((resolve) => marks.set(mark, resolve));
          // Shortly after a server's restart there is no subscriber.
          await until(async () => (await server.publish(markChannel, mark)) > 0);
          await heard;
          marks.delete(mark);
        }),
      );
      return announced;
    },
    // Leases follow the clock of Redis, which tests cannot move.
    pass: async (ms) => sleep(ms),
    loseData: own.deleteKeys,
    keys: async () => (await own.keys()).map((key) => key.replace(keyspace.prefix, '')),
    async close() {
      await own.close();
      for (const connection of [redis, ...ears, ...direct]) connection.disconnect();
    },
  };
}
