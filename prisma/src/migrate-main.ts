#!/usr/bin/env node
import { parseArgs } from 'node:util';
import { createLogger, onStopSignal, parseSettings, run } from '@chorus/service';
import { awaitMigrations } from './await-migrations.js';
import { migrate } from './migrate.js';
import { databaseSettings } from './settings.js';

// `--wait` changes nothing: it ends when the database is up to date, whoever brought it there.
const { wait } = parseArgs({ options: { wait: { type: 'boolean', default: false } } }).values;
const stop = new AbortController();
onStopSignal(() => stop.abort());

await run(async () => {
  const { DATABASE_URL } = parseSettings({ DATABASE_URL: databaseSettings.DATABASE_URL }, process.env, [
    'DATABASE_URL',
  ]);
  const log = createLogger({ service: 'migrate', level: 'info' });
  if (wait) await awaitMigrations(DATABASE_URL, log, { signal: stop.signal });
  const applied = wait ? [] : await migrate(DATABASE_URL, log);
  log.info({ applied: applied.length }, 'the database is up to date');
  return { close: async () => {} };
});
