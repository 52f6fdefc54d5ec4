import { ensureProgram, type LocalServer, startRedis } from '@chorus/local';

/**
 * Provides a Redis for tests: that of `TEST_REDIS_URL`, a `redis-server` on the PATH, or, for root on Debian, that of
 * apt, without starting its service.
 * @throws {StartError} if Redis is missing and cannot be installed
 */
export async function ensureTestRedis(): Promise<void> {
  if (process.env.TEST_REDIS_URL) return;
  await ensureProgram('redis-server', {
    who: 'the tests need Redis',
    hint: 'put redis-server on the PATH (Debian, Ubuntu: apt-get install redis-server; macOS: brew install redis) or set TEST_REDIS_URL',
  });
}

export interface TestRedis {
  readonly url: string;
  close(): Promise<void>;
}

let shared: Promise<LocalServer> | undefined;

/**
 * A Redis to connect to. All suites of a process share it: use a random key prefix, never FLUSHALL. It ends with the
 * process; `close` does nothing and only makes it interchangeable with a server of its own.
 */
export async function testRedis(): Promise<TestRedis> {
  await ensureTestRedis();
  const url = process.env.TEST_REDIS_URL;
  if (url) return { url, close: async () => {} };
  shared ??= startRedis().then((server) => {
    server.unref();
    return server;
  });
  return { url: (await shared).url, close: async () => {} };
}
