import { databaseUrl, databaseUrlSettings } from '@chorus/database';
import { REDIS_SERVER_SETTINGS } from '@chorus/redis';
import { type Environment, parseSettings } from '@chorus/service';

/**
 * Returns the URL of the PostgreSQL to use instead of starting one; undefined if none is given.
 * @throws {ConfigError} one line that names the variable
 */
export function givenDatabase(env: Environment): string | undefined {
  if (!env.DATABASE_URL) return undefined;
  return databaseUrl(parseSettings(databaseUrlSettings, env, ['DATABASE_URL']), env);
}

/** Variables of PostgreSQL's own programs, and files for its connections: the URL contains everything needed. */
const OF_DATABASE = [
  'PGSSLMODE',
  'PGPASSWORD',
  'PGOPTIONS',
  'PGUSER',
  'PGHOST',
  'PGPORT',
  'PGDATABASE',
  'DATABASE_CA_FILE',
  'DATABASE_CERT_FILE',
  'DATABASE_KEY_FILE',
];

/** Clears settings in the environment of the cluster's processes that are meant for other servers. */
export function emptied(env: Environment): Record<string, string> {
  const names = env.REDIS_URL ? OF_DATABASE : [...OF_DATABASE, ...REDIS_SERVER_SETTINGS];
  return Object.fromEntries(names.map((name) => [name, '']));
}
