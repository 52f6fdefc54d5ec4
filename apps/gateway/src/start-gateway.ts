import {
  type Closeable,
  Closer,
  createLogger,
  createMetrics,
  type Environment,
  listenOperatorPort,
  packageVersion,
} from '@chorus/service';
import { type GatewayConfig, loadGatewayConfig } from './config.js';
import { createGateway, type Gateway, type GatewayParts, newNodeId } from './create-gateway.js';
import type { PortSharing } from './port-sharing.js';
import { type PortHealth, readiness } from './readiness.js';
import { createRedisParts } from './redis-parts.js';

/** Of a gateway that is one of several: they look after the port for operators together. */
export interface GatewayGroup extends PortSharing {
  /** How this one is, whenever the others want to know. */
  tell(sources: { metrics(): Promise<object[]>; state(): PortHealth }): void;
}

/**
 * Starts a gateway over Redis with the settings of the environment. While Redis cannot be reached it runs, not ready, and keeps trying.
 *
 * @param group of a gateway that shares its ports with others
 * @throws {ConfigError} {StartError} nothing is left running then
 */
export async function startGateway(env: Environment, group?: GatewayGroup): Promise<Closeable> {
  const given = loadGatewayConfig(env);
  const nodeId = given.nodeId ?? newNodeId();
  const config = { ...given, nodeId };
  const log = createLogger({ service: 'gateway', level: config.logLevel });
  const version = packageVersion(new URL('../package.json', import.meta.url));
  const metrics =
    config.operatorPort === undefined ? undefined : createMetrics({ service: 'gateway', version, nodeId });
  const closer = new Closer();
  const parts = closer.add(createRedisParts(config, log, metrics));
  try {
    const gateway = await startOver(config, { ...parts, metrics, sharing: group }, closer);
    if (metrics !== undefined) group?.tell({ metrics: () => metrics.data(), state: () => gateway.health });
  } catch (error) {
    await closer.close();
    throw error;
  }
  return closer;
}

async function startOver(config: GatewayConfig, parts: GatewayParts, closer: Closer): Promise<Gateway> {
  const { operatorPort: port, host } = config;
  const { metrics, sharing, log } = parts;
  let gateway: Gateway | undefined;
  if (port !== undefined && metrics !== undefined && sharing === undefined) {
    // First, so that a start that fails takes no connections, and it is there until the last one has gone.
    const operators = await listenOperatorPort(
      { host, port },
      {
        metrics,
        health: () => readiness(gateway?.health ?? { state: 'starting' }),
      },
      log,
    );
    closer.add(operators);
    log.info({ port: operators.port }, 'operators are served');
  }
  gateway = closer.add(await createGateway(config, parts));
  return gateway;
}
