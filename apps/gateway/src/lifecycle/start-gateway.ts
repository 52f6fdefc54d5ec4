import {
  type Closeable,
  Closer,
  createLogger,
  createMetrics,
  type Environment,
  listenOperatorPort,
  packageVersion,
} from '@chorus/service';
import { type GatewayConfig, loadGatewayConfig } from '../config.js';
import { createGateway, type Gateway, type GatewayParts, newNodeId } from '../create-gateway.js';
import { readiness } from './readiness.js';
import { createRedisParts } from './redis-parts.js';

/**
 * Starts a gateway over Redis with the settings of the environment. While Redis cannot be reached, the gateway runs,
 * reports not ready, and keeps trying.
 *
 * @throws {ConfigError} {StartError} nothing is left running then
 */
export async function startGateway(env: Environment): Promise<Closeable> {
  const given = loadGatewayConfig(env);
  const nodeId = given.nodeId ?? newNodeId();
  const config = { ...given, nodeId };
  const log = createLogger({ service: 'gateway', level: config.logLevel });
  const version = packageVersion(new URL('../../package.json', import.meta.url));
  const metrics =
    config.operatorPort === undefined ? undefined : createMetrics({ service: 'gateway', version, nodeId });
  const closer = new Closer();
  const parts = closer.add(createRedisParts(config, log, metrics));
  try {
    await startOver(config, { ...parts, metrics }, closer);
  } catch (error) {
    await closer.close();
    throw error;
  }
  return closer;
}

async function startOver(config: GatewayConfig, parts: GatewayParts, closer: Closer): Promise<void> {
  const { operatorPort: port, host } = config;
  const { metrics, log } = parts;
  let gateway: Gateway | undefined;
  if (port !== undefined && metrics !== undefined) {
    // The operator port opens first, so that a failed start has admitted no connections, and closes last.
    const operators = await listenOperatorPort(
      { host, port },
      {
        metrics,
        health: () => readiness(gateway?.health ?? { state: 'starting' }),
      },
      log,
    );
    closer.add(operators);
    log.info({ port: operators.port }, 'operator port is listening');
  }
  gateway = closer.add(await createGateway(config, parts));
}
