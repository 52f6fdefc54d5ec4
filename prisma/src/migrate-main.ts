#!/usr/bin/env node
import { parseArgs } from 'node:util';
import { createLogger, onStopSignal, parseSettings, run } from '@chorus/service';
import { awaitMigrations } from './migrations/await-migrations.js';
import { migrate } from './migrations/migrate.js';
import { databaseUrl, databaseUrlSettings } from './settings.js';

// `--wait` changes nothing: it ends when another process has brought the database up to date.
const { wait } = parseArgs({ options: { wait: { type: 'boolean', default: false } } }).values;
const stop = new AbortController();
onStopSignal(() => stop.abort());

await run(async () => {
  const settings = parseSettings(databaseUrlSettings, process.env, ['DATABASE_URL']);
  const url = databaseUrl(settings, process.env);
  const log = createLogger({ service: 'migrate', level: 'info' });
  if (wait) await awaitMigrations(url, log, { signal: stop.signal });
  const applied = wait ? [] : await migrate(url, log);
  log.info({ applied: applied.length }, 'the database is up to date');
  return { close: async () => {} };
});
