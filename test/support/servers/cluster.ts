import { randomBytes } from 'node:crypto';
import { type Cluster, createCluster } from '@chorus/cluster';
import { migratedTestDatabase } from '@chorus/database/testing';
import { patiently, silentLog, testRedis } from '@chorus/testing';

/** Settings that make suites fast, and let them do in seconds what limits are there to prevent. */
export const TEST_SETTINGS = {
  BCRYPT_COST: '4',
  SIGNIN_ATTEMPTS_PER_ADDRESS: '1000000',
  SIGNUP_ATTEMPTS_PER_ADDRESS: '1000000',
  LOG_LEVEL: 'warn',
  DRAIN_DELAY_MS: '0',
  DRAIN_MS: '0',
};

export interface TestClusterOptions {
  gateways?: number;
  apis?: number;
  archivers?: number;
  /** Default 0. */
  dispatchers?: number;
  /** A port for operators for every process. */
  operatorPorts?: boolean;
  /** Added to the settings of all processes. */
  env?: Record<string, string>;
  /** Give it a Redis and a PostgreSQL of its own, so that the suite can break them. */
  ownServers?: boolean;
}

/** A cluster with its last log lines, for the message of a test that fails. */
export interface TestCluster extends Cluster {
  readonly log: readonly string[];
}

/** Starts real processes with an empty database and Redis keys of their own; close it after the suite. */
export async function startTestCluster(options: TestClusterOptions = {}): Promise<TestCluster> {
  const log: string[] = [];
  const servers = options.ownServers
    ? {}
    : {
        REDIS_URL: (await testRedis()).url,
        DATABASE_URL: await migratedTestDatabase(),
        // A busy machine is no outage: these servers are shared by suites that run at once.
        DATABASE_TIMEOUT_MS: String(Math.min(60_000, patiently(10_000))),
      };
  const { PATH, HOME } = process.env;
  const cluster = await createCluster({
    gateways: options.gateways ?? 3,
    apis: options.apis ?? 2,
    archivers: options.archivers ?? 1,
    dispatchers: options.dispatchers ?? 0,
    port: 0,
    operatorPorts: options.operatorPorts ? 0 : undefined,
    host: '127.0.0.1',
    restart: false,
    env: {
      PATH,
      HOME,
      ...TEST_SETTINGS,
      ...servers,
      REDIS_PREFIX: `test-${randomBytes(6).toString('hex')}`,
      ...options.env,
    },
    log: silentLog,
    onLine: (nodeId, line) => log.push(`${nodeId}: ${line}`),
  });
  return { ...cluster, log };
}
