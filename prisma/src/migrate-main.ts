#!/usr/bin/env node
import { createLogger, parseSettings, run } from '@chorus/service';
import { migrate } from './migrate.js';
import { databaseSettings } from './settings.js';

await run(async () => {
  const { DATABASE_URL } = parseSettings({ DATABASE_URL: databaseSettings.DATABASE_URL }, process.env, [
    'DATABASE_URL',
  ]);
  const log = createLogger({ service: 'migrate', level: 'info' });
  const applied = await migrate(DATABASE_URL, log);
  log.info({ applied: applied.length }, 'the database is up to date');
  return { close: async () => {} };
});
