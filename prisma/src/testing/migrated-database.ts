import { silentLog, testDatabase } from '@chorus/testing';
import { migrate } from '../migrations/migrate.js';

const TEMPLATE = {
  name: 'chorus_migrated',
  prepare: (url: string) => migrate(url, silentLog),
};

/** Creates a database with all migrations and without rows, for tests. @returns its URL */
export function migratedTestDatabase(): Promise<string> {
  return testDatabase(TEMPLATE);
}
