import { TEST_SETTINGS, type TestCluster } from './cluster.js';
import { type Program, startProgram } from './program.js';

/** A gateway process that a test started beside those of a cluster. */
export interface OwnGateway {
  readonly url: string;
  readonly program: Program;
}

/** Starts a gateway over the servers of a cluster, with settings of its own. Does not wait until it is ready. */
export function launchGateway(cluster: TestCluster, port: number, env: Record<string, string>): OwnGateway {
  const program = startProgram('dist/gateway.js', [], {
    ...TEST_SETTINGS,
    NODE_ID: `own-${port}`,
    HOST: '127.0.0.1',
    PORT: String(port),
    REDIS_URL: cluster.redis.url,
    REDIS_PREFIX: cluster.redisPrefix,
    JWT_SECRET: cluster.jwtSecret,
    ...env,
  });
  return { program, url: `http://127.0.0.1:${port}` };
}
