import { type Closeable, Closer, createLogger, type Environment, StartError } from '@chorus/service';
import { loadGatewayConfig } from './config.js';
import { createGateway } from './create-gateway.js';
import type { PortSharing } from './port-sharing.js';
import { createRedisParts } from './redis-parts.js';

/**
 * Starts a gateway over Redis, as its settings say.
 *
 * @param sharing of a gateway that shares its port with others
 * @throws {ConfigError} {StartError} nothing is left running then
 */
export async function startGateway(env: Environment, sharing?: PortSharing): Promise<Closeable> {
  const config = loadGatewayConfig(env);
  const log = createLogger({ service: 'gateway', level: config.logLevel });
  const closer = new Closer();
  const parts = closer.add(createRedisParts(config, log));
  try {
    closer.add(await createGateway(config, { ...parts, sharing }));
  } catch (error) {
    await closer.close();
    if (error instanceof Error && error.name === 'BrokerUnavailableError') {
      throw new StartError(`cannot reach Redis (REDIS_URL): ${error.message}`);
    }
    throw error;
  }
  return closer;
}
