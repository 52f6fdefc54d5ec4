#!/usr/bin/env node
import { createDatabase } from '@chorus/database';
import { Closer, createLogger, run } from '@chorus/service';
import { createApi } from './app.js';
import { loadApiConfig, loadStoreConfig } from './config.js';
import { createRedisParts } from './redis-parts.js';

await run(async () => {
  const config = loadApiConfig(process.env);
  const stores = loadStoreConfig(process.env);
  const log = createLogger({ service: 'api', level: config.logLevel });
  const closer = new Closer();
  try {
    const db = createDatabase(stores.database.url, stores.database);
    closer.defer(() => db.$disconnect());
    const parts = closer.add(await createRedisParts(stores, config.rateLimits, log));
    closer.add(await createApi(config, { db, log, ...parts }));
  } catch (error) {
    await closer.close();
    throw error;
  }
  return closer;
});
