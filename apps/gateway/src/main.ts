import { Closer, createLogger, run, StartError } from '@chorus/service';
import { loadGatewayConfig } from './config.js';
import { createGateway } from './create-gateway.js';
import { createRedisParts } from './redis-parts.js';

await run(async () => {
  const config = loadGatewayConfig(process.env);
  const log = createLogger({ service: 'gateway', level: config.logLevel });
  const closer = new Closer();
  const parts = closer.add(createRedisParts(config, log));
  try {
    closer.add(await createGateway(config, parts));
  } catch (error) {
    await closer.close();
    if (error instanceof Error && error.name === 'BrokerUnavailableError') {
      throw new StartError(`cannot reach Redis (REDIS_URL): ${error.message}`);
    }
    throw error;
  }
  return closer;
});
