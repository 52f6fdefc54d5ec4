import { createApi, createRedisParts as createApiParts, loadApiConfig, loadStoreConfig } from '@chorus/api';
import {
  type Archiver,
  createRedisParts as createArchiverParts,
  loadArchiveConfig,
  makeArchiver,
  makeReadArchiver,
} from '@chorus/archiver';
import { Tokens } from '@chorus/auth';
import { createDatabase, type Database } from '@chorus/database';
import { migratedTestDatabase } from '@chorus/database/testing';
import type { Member } from '@chorus/protocol';
import { Keyspace } from '@chorus/redis';
import { openRedisKeys, redisAt } from '@chorus/redis/testing';
import { Closer, Metrics } from '@chorus/service';
import { type Answer, eventually, patiently, request, silentLog, testRedis } from '@chorus/testing';

const SECRET = 'a secret for tests that is long enough';
const FLUSH_MS = 30_000;

/** An API and archivers over PostgreSQL and Redis, in this process. */
export class InboxServers {
  private constructor(
    readonly db: Database,
    readonly url: string,
    /** Removes all keys of this installation. */
    private readonly clear: () => Promise<void>,
    private readonly archivers: () => Archiver[],
    private readonly closer: Closer,
  ) {}

  static async start(prefix: string, historySize = 1_000): Promise<InboxServers> {
    const closer = new Closer();
    const [databaseUrl, redis] = [await migratedTestDatabase(), await testRedis()];
    const db = createDatabase(databaseUrl, { poolSize: 10, timeoutMs: patiently(10_000) });
    closer.defer(() => db.$disconnect());
    const env = {
      ...{ HOST: '127.0.0.1', PORT: '0', JWT_SECRET: SECRET, DRAIN_DELAY_MS: '0', BCRYPT_COST: '4' },
      ...{ REDIS_URL: redis.url, DATABASE_URL: databaseUrl, REDIS_PREFIX: prefix },
      ...{ MAX_MESSAGES_PER_SECOND_PER_USER: '100000', HISTORY_SIZE: String(historySize) },
      ARCHIVE_INTERVAL_MS: '5',
    };
    const config = loadApiConfig(env);
    const store = loadStoreConfig(env);
    const parts = closer.add(await createApiParts(store, config.rateLimits, silentLog));
    const api = closer.add(await createApi(config, { db, metrics: new Metrics(), log: silentLog, ...parts }));
    const own = closer.add(await createArchiverParts(store, silentLog));
    const archive = loadArchiveConfig(env);
    const archivers = () => [
      makeArchiver(archive, { db, metrics: new Metrics(), log: silentLog, ...own }),
      makeReadArchiver(archive, { db, log: silentLog, ...own }),
    ];
    const keys = closer.add(await openRedisKeys(redisAt(redis.url), new Keyspace(prefix)));
    const clear = async (): Promise<void> => {
      const names = await keys.redis.keys(`*${prefix}:*`);
      if (names.length > 0) await keys.redis.unlink(...names);
    };
    return new InboxServers(db, `http://127.0.0.1:${api.port}`, clear, archivers, closer);
  }

  /** Sends a request as a user. */
  send(user: Member, method: string, path: string, body?: unknown): Promise<Answer> {
    const token = new Tokens(SECRET).sign(user);
    return request(this.url + path, { method, token, ...(body === undefined ? {} : { body }) });
  }

  /** Sends a request that must succeed, until Redis has everything that it needs. @returns its body */
  // biome-ignore lint/suspicious/noExplicitAny: a test says what it expects of it
  async ok(user: Member, method: string, path: string, body?: unknown): Promise<any> {
    let answer: Answer | undefined;
    await eventually(async () => {
      answer = await this.send(user, method, path, body);
      if (answer.status === 503) throw new Error('not restored yet');
    });
    if (answer === undefined || answer.status >= 300) {
      throw new Error(`${method} ${path}: ${answer?.status} ${JSON.stringify(answer?.body)}`);
    }
    return answer.body;
  }

  /** Stores all entries and read positions. */
  async archive(): Promise<void> {
    for (const archiver of this.archivers()) await flush(archiver);
  }

  /** Stores all read positions, and no entries. */
  async storeReads(): Promise<void> {
    const [, reads] = this.archivers();
    if (reads !== undefined) await flush(reads);
  }

  /** Starts archivers that store what arrives. @returns a function that ends them */
  startArchivers(): () => Promise<void> {
    const running = this.archivers();
    for (const archiver of running) archiver.start();
    return async () => {
      await Promise.all(running.map((archiver) => archiver.close()));
    };
  }

  /** Removes everything from Redis. */
  loseRedis(): Promise<void> {
    return this.clear();
  }

  close(): Promise<void> {
    return this.closer.close();
  }
}

async function flush(archiver: Archiver): Promise<void> {
  if (!(await archiver.flush(FLUSH_MS))) throw new Error('not everything could be stored');
}
