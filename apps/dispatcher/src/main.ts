#!/usr/bin/env node
import { addDatabaseMetrics, createDatabase, DatabaseWatch } from '@chorus/database';
import { Closer, createLogger, Metrics, run } from '@chorus/service';
import { loadDispatcherConfig } from './config.js';
import { createDispatcher } from './create-dispatcher.js';

await run(async () => {
  const config = loadDispatcherConfig(process.env);
  const log = createLogger({ service: 'dispatcher', level: config.logLevel });
  const closer = new Closer();
  const metrics = new Metrics();
  const postgres = new DatabaseWatch();
  if (config.operatorPort !== undefined) metrics.addProcess();
  addDatabaseMetrics(metrics, postgres);
  try {
    const db = createDatabase(config.database.url, { ...config.database, log }, postgres);
    closer.defer(() => db.$disconnect());
    closer.add(await createDispatcher(config, { db, metrics, log }));
  } catch (error) {
    await closer.close();
    throw error;
  }
  return closer;
});
