import type { Closeable } from '@chorus/service';
import { startTestCluster, type TestCluster } from './cluster.js';
import { startTestStandalone, type TestStandalone } from './standalone.js';

/**
 * Settings with which suites can share a cluster: limits that none of them reaches by accident, times short enough to
 * wait for, and long enough to act within.
 */
export const SHARED_SETTINGS = {
  MAX_MESSAGES_PER_SECOND: '100000',
  PRESENCE_ANNOUNCE_LIMIT: '3',
  PRESENCE_GRACE_MS: '1000',
  ROOM_LINGER_MS: '100',
  SIGNIN_FAILURES_PER_ACCOUNT: '6',
  SIGNUP_ATTEMPTS_PER_ACCOUNT: '1000',
  // A busy machine is no outage.
  DATABASE_TIMEOUT_MS: '20000',
  REDIS_TIMEOUT_MS: '10000',
};

const running: Array<Promise<Closeable>> = [];

/** Starts it once for all suites of this process that ask for it; it ends after the last suite. */
function once<T extends Closeable>(start: () => Promise<T>): () => Promise<T> {
  let started: Promise<T> | undefined;
  return () => {
    if (started === undefined) {
      started = start();
      running.push(started);
    }
    return started;
  };
}

/** Two APIs, three gateways and an archiver. Suites use rooms and users of their own, and break nothing. */
export const sharedCluster: () => Promise<TestCluster> = once(() =>
  startTestCluster({ env: SHARED_SETTINGS }),
);

export const sharedStandalone: () => Promise<TestStandalone> = once(startTestStandalone);

after(async function () {
  this.timeout(60_000);
  for (const started of await Promise.allSettled(running)) {
    if (started.status === 'fulfilled') await started.value.close();
  }
});
