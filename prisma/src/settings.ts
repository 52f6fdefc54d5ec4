import { integer, url } from '@chorus/service';

/** Settings of every service that uses PostgreSQL. */
export const databaseSettings = {
  DATABASE_URL: url('postgresql:', 'postgres:').describe('PostgreSQL, with user, password and database.'),
  DATABASE_POOL_SIZE: integer(1, 1_000)
    .default(10)
    .describe('Most connections to PostgreSQL that one process opens.'),
  DATABASE_TIMEOUT_MS: integer(100, 60_000)
    .default(3_000)
    .describe('Milliseconds after which connecting, or a statement, is given up.'),
};
