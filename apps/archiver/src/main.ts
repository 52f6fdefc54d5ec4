#!/usr/bin/env node
import { addDatabaseMetrics, createDatabase, DatabaseWatch } from '@chorus/database';
import { addRedisMetrics, RedisWatch } from '@chorus/redis';
import { Closer, createLogger, Metrics, run } from '@chorus/service';
import { loadArchiverConfig } from './config.js';
import { createArchiver } from './create-archiver.js';
import { createRedisParts } from './redis-parts.js';

await run(async () => {
  const config = loadArchiverConfig(process.env);
  const log = createLogger({ service: 'archiver', level: config.logLevel });
  const closer = new Closer();
  const metrics = new Metrics();
  const [postgres, redis] = [new DatabaseWatch(), new RedisWatch()];
  if (config.operatorPort !== undefined) metrics.addProcess();
  addDatabaseMetrics(metrics, postgres);
  addRedisMetrics(metrics, redis);
  try {
    const db = createDatabase(config.database.url, { ...config.database, log }, postgres);
    closer.defer(() => db.$disconnect());
    const parts = closer.add(await createRedisParts(config, log, redis));
    closer.add(await createArchiver(config, { db, metrics, log, ...parts }));
  } catch (error) {
    await closer.close();
    throw error;
  }
  return closer;
});
