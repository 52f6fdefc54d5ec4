import { ConfigError, type Environment, integer, url } from '@chorus/service';
import { z } from 'zod';
import { parseDatabaseUrl } from './url/database-url.js';

/** Settings of every program that connects to PostgreSQL. */
export const databaseUrlSettings = {
  DATABASE_URL: url('postgresql:', 'postgres:').describe(
    '[Address of PostgreSQL](../how-to/postgresql-and-redis.md#postgresql), with user, password and database; `schema` selects a schema.',
  ),
  DATABASE_CA_FILE: z
    .string()
    .optional()
    .describe('File with the CA certificates for PostgreSQL; equivalent to `sslrootcert` in `DATABASE_URL`.'),
  DATABASE_CERT_FILE: z
    .string()
    .optional()
    .describe('File with the client certificate for PostgreSQL; equivalent to `sslcert` in `DATABASE_URL`.'),
  DATABASE_KEY_FILE: z
    .string()
    .optional()
    .describe('File with the key of `DATABASE_CERT_FILE`; equivalent to `sslkey` in `DATABASE_URL`.'),
};

/** Settings of every service that uses PostgreSQL. */
export const databaseSettings = {
  ...databaseUrlSettings,
  DATABASE_POOL_SIZE: integer(1, 1_000)
    .default(10)
    .describe('Maximum number of connections to PostgreSQL per process.'),
  DATABASE_TIMEOUT_MS: integer(100, 60_000)
    .default(3_000)
    .describe('Time limit of a connection attempt and of a statement, in milliseconds.'),
};

export interface DatabaseConfig {
  readonly url: string;
  /** Most connections of one process. */
  readonly poolSize: number;
  readonly timeoutMs: number;
}

/**
 * The database that {@link databaseSettings} describe.
 * @throws {ConfigError} one line that names the variable
 */
export function databaseConfig(
  settings: Parameters<typeof databaseUrl>[0] & { DATABASE_POOL_SIZE: number; DATABASE_TIMEOUT_MS: number },
  env: Environment,
): DatabaseConfig {
  return {
    url: databaseUrl(settings, env),
    poolSize: settings.DATABASE_POOL_SIZE,
    timeoutMs: settings.DATABASE_TIMEOUT_MS,
  };
}

/** Parameters of the URL that have a setting of their own. */
const FILES = {
  DATABASE_CA_FILE: 'sslrootcert',
  DATABASE_CERT_FILE: 'sslcert',
  DATABASE_KEY_FILE: 'sslkey',
} as const;

/** Variables of PostgreSQL's own programs, and the part of a URL that each would fill in. */
const STRAY: ReadonlyArray<readonly [variable: string, part: string, said: (url: URL) => boolean]> = [
  [
    'PGSSLMODE',
    'sslmode',
    (url) => ['sslmode', 'ssl', 'sslrootcert', 'sslcert'].some((name) => url.searchParams.has(name)),
  ],
  [
    'PGPASSWORD',
    'a password',
    (url) => url.password !== '' || url.searchParams.has('password') || url.searchParams.has('sslcert'),
  ],
  ['PGOPTIONS', 'options', (url) => url.searchParams.has('options')],
  ['PGUSER', 'a user', (url) => url.username !== '' || url.searchParams.has('user')],
  ['PGHOST', 'a host', (url) => url.hostname !== '' || url.searchParams.has('host')],
  ['PGPORT', 'a port', (url) => url.port !== '' || url.searchParams.has('port')],
  ['PGDATABASE', 'a database', (url) => url.pathname.length > 1],
];

/**
 * Returns the complete and validated URL of {@link databaseUrlSettings}.
 *
 * @param env checked for variables of PostgreSQL's own programs that would change the meaning of an incomplete URL:
 * stopping is better than connecting without the TLS that an operator wanted
 * @throws {ConfigError} one line that names the variable
 */
export function databaseUrl(
  settings: { DATABASE_URL: string } & { [Name in keyof typeof FILES]?: string | undefined },
  env: Environment,
): string {
  const whole = new URL(settings.DATABASE_URL);
  for (const name of ['DATABASE_CA_FILE', 'DATABASE_CERT_FILE', 'DATABASE_KEY_FILE'] as const) {
    const file = settings[name];
    if (file === undefined) continue;
    const parameter = FILES[name];
    if (whole.searchParams.has(parameter)) {
      throw new ConfigError(`${name} and ${parameter} in DATABASE_URL are both set: leave one of them out`);
    }
    whole.searchParams.set(parameter, file);
  }
  parseDatabaseUrl(whole.href);
  for (const [variable, part, said] of STRAY) {
    if (env[variable] && !said(whole)) {
      throw new ConfigError(
        `${variable} is set, but only DATABASE_URL is read: put ${part} into it, or unset ${variable}`,
      );
    }
  }
  return whole.href;
}
