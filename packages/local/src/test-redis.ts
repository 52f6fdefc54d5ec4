import { execFile } from 'node:child_process';
import { access, constants, rm, writeFile } from 'node:fs/promises';
import { promisify } from 'node:util';
import { StartError } from '@chorus/service';
import { findProgram } from './find-program.js';
import type { LocalServer } from './local-server.js';
import { startRedis } from './redis-server.js';

const run = promisify(execFile);

/**
 * Makes sure that tests find a Redis: the one of `TEST_REDIS_URL`, a `redis-server` on the PATH,
 * or, for root on Debian, the one that apt installs (without starting its service).
 * @throws {StartError} when there is no way to one
 */
export async function ensureTestRedis(): Promise<void> {
  if (process.env.TEST_REDIS_URL || (await findProgram('redis-server')) !== undefined) return;
  const apt = await findProgram('apt-get');
  if (apt === undefined || process.getuid?.() !== 0) {
    throw new StartError(
      'the tests need Redis: put redis-server on the PATH (Debian, Ubuntu: apt-get install redis-server; macOS: brew install redis) or set TEST_REDIS_URL',
    );
  }
  console.error('Installing redis-server …');
  await withoutStartingServices(async () => {
    const install = () =>
      run(apt, ['install', '-y', '-q', '--no-install-recommends', 'redis-server'], {
        env: { ...process.env, DEBIAN_FRONTEND: 'noninteractive' },
      });
    // A new machine knows of no packages yet.
    await install().catch(() => run(apt, ['update', '-q']).then(install));
  }).catch((error: { stderr?: string }) => {
    const reason = (error.stderr ?? String(error)).trim().split('\n').at(-1);
    throw new StartError(`the tests need Redis, and apt-get cannot install redis-server: ${reason}`);
  });
}

export interface TestRedis {
  readonly url: string;
  close(): Promise<void>;
}

let shared: Promise<LocalServer> | undefined;

/**
 * A Redis to connect to. All suites of a process share it: use a random key prefix, never FLUSHALL.
 * It ends with the process; `close` only makes it interchangeable with a server of one's own.
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

const POLICY = '/usr/sbin/policy-rc.d';

/** Debian asks this file before it starts a service of a package that was just installed. */
async function withoutStartingServices(action: () => Promise<void>): Promise<void> {
  const theirs = await access(POLICY, constants.F_OK).then(
    () => true,
    () => false,
  );
  if (!theirs) await writeFile(POLICY, '#!/bin/sh\nexit 101\n', { mode: 0o755 });
  try {
    await action();
  } finally {
    if (!theirs) await rm(POLICY, { force: true });
  }
}
