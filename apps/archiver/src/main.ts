#!/usr/bin/env node
import { createDatabase } from '@chorus/database';
import { Closer, createLogger, run } from '@chorus/service';
import { loadArchiverConfig } from './config.js';
import { createArchiver } from './create-archiver.js';
import { createRedisParts } from './redis-parts.js';

await run(async () => {
  const config = loadArchiverConfig(process.env);
  const log = createLogger({ service: 'archiver', level: config.logLevel });
  const closer = new Closer();
  try {
    const db = createDatabase(config.database.url, config.database);
    closer.defer(() => db.$disconnect());
    const parts = closer.add(await createRedisParts(config, log));
    closer.add(await createArchiver(config, { db, log, ...parts }));
  } catch (error) {
    await closer.close();
    throw error;
  }
  return closer;
});
