#!/usr/bin/env node
import { addDatabaseMetrics, createDatabase, DatabaseWatch } from '@chorus/database';
import { addRedisMetrics, RedisWatch } from '@chorus/redis';
import { Closer, createLogger, Metrics, run } from '@chorus/service';
import { loadApiConfig, loadStoreConfig } from './config.js';
import { createApi } from './create-api.js';
import { createRedisParts } from './redis-parts.js';

await run(async () => {
  const config = loadApiConfig(process.env);
  const stores = loadStoreConfig(process.env);
  const log = createLogger({ service: 'api', level: config.logLevel });
  const closer = new Closer();
  const metrics = new Metrics();
  const [postgres, redis] = [new DatabaseWatch(), new RedisWatch()];
  if (config.operator !== undefined) metrics.addProcess();
  addDatabaseMetrics(metrics, postgres);
  addRedisMetrics(metrics, redis);
  try {
    const db = createDatabase(stores.database.url, { ...stores.database, log }, postgres);
    closer.defer(() => db.$disconnect());
    const parts = closer.add(await createRedisParts(stores, config.rateLimits, log, redis));
    closer.add(await createApi(config, { db, metrics, log, ...parts }));
  } catch (error) {
    await closer.close();
    throw error;
  }
  return closer;
});
