import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import type { PresenceFrame } from '@chorus/protocol';
import { createRedis, Keyspace, publishCommand, type RedisClient, redisReady } from '@chorus/redis';
import { silentLog } from '@chorus/testing';
import { Redis } from 'ioredis';
import type { NoticeTarget } from '../redis/notice-target.js';
import { RedisPresenceStore } from '../redis/presence-store.js';
import { type LossyPresenceFixture, SUITE_LIMIT, SUITE_ROOMS } from './conformance/index.js';

/** Shared by tests of the Redis store: a key prefix of its own, and a subscriber for announcements. */
export interface RedisFixture extends LossyPresenceFixture {
  readonly keyspace: Keyspace;
  readonly noticeTarget: NoticeTarget;
  /** The connection that all stores share. */
  readonly redis: RedisClient;
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
  const keyspace = new Keyspace(`test-${randomUUID()}`);
  const noticeTarget: NoticeTarget = {
    command: publishCommand(sharded),
    channel: (roomId) => `${keyspace.room(roomId)}:notices`,
    envelope: (frame) => `>${frame}`,
  };
  const urls = options.users ?? servers;
  const config = { urls, cluster: sharded, commandTimeoutMs: options.commandTimeoutMs ?? 5_000 };
  const redis = createRedis(config, silentLog, 'test');
  await redisReady(redis, 5_000);

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

  const scan = async (): Promise<Array<[server: Redis, key: string]>> => {
    const found = await Promise.all(
      direct.map(async (server) => {
        const keys = await server.keys(`*${keyspace.prefix}*`);
        return keys.map((key): [Redis, string] => [server, key]);
      }),
    );
    return found.flat();
  };

  return {
    keyspace,
    noticeTarget,
    redis,
    open: () => new RedisPresenceStore(redis, { keyspace, noticeTarget, announceLimit: SUITE_LIMIT }),
    async announced() {
      // Announcements that arrive before a mark on this connection were published before it.
      await Promise.all(
        direct.map(async (server, index) => {
          const mark = `${index} ${randomUUID()}`;
          const heard = new Promise<void>((resolve) => marks.set(mark, resolve));
          // Shortly after a server's restart there is no subscriber.
          while ((await server.publish(markChannel, mark)) === 0) await sleep(5);
          await heard;
          marks.delete(mark);
        }),
      );
      return announced;
    },
    // Leases follow the clock of Redis, which tests cannot move.
    pass: async (ms) => sleep(ms),
    async loseData() {
      for (const [server, key] of await scan()) await server.del(key);
    },
    async keys() {
      return (await scan()).map(([, key]) => key.replace(keyspace.prefix, '')).sort();
    },
    async close() {
      for (const [server, key] of await scan()) await server.del(key);
      await Promise.all([redis, ...ears, ...direct].map((connection) => connection.quit()));
    },
  };
}
