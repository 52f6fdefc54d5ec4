import type { Logger } from '@chorus/service';
import type pg from 'pg';
import { clientConfig, SessionClient, SessionMode } from './adapter/postgres-client.js';
import { WatchedPg } from './adapter/watched-adapter.js';
import { DatabaseWatch } from './database-watch.js';
import { PrismaClient } from './generated/client.js';
import { parseDatabaseUrl } from './url/database-url.js';

/** PostgreSQL, as Prisma's client. Connects at the first query. */
export type Database = PrismaClient;

export interface DatabaseOptions {
  /** Most connections at a time; further queries wait, at most `timeoutMs`. */
  readonly poolSize: number;
  /** After this many milliseconds without a connection, or without an answer, a query fails. */
  readonly timeoutMs: number;
  /** Is told once that a pooler is in front. */
  readonly log?: Logger | undefined;
}

/** How much later than the server the client gives up: the server's answer says more. */
const CLIENT_TIMEOUT_MARGIN_MS = 250;

/**
 * Opens a pool. Nothing is connected before the first query, so this neither waits nor fails; a
 * query fails within `timeoutMs` or a little more, whether PostgreSQL is down, refuses or hangs.
 * End it with `$disconnect()`.
 *
 * @param watch is told of what fails
 * @throws {ConfigError} the URL is not valid
 */
export function createDatabase(
  url: string,
  options: DatabaseOptions,
  watch: DatabaseWatch = new DatabaseWatch(),
): Database {
  const { config, mode } = sessionPool(url, options);
  const adapter = new WatchedPg(config, { mode, watch });
  // 'minimal' leaves a query's arguments, such as password hashes, out of error messages.
  return new PrismaClient({ adapter, errorFormat: 'minimal' });
}

/** How connections are made and kept. @throws {ConfigError} the URL is not valid */
export function sessionPool(
  url: string,
  options: DatabaseOptions,
): { config: pg.PoolConfig; mode: SessionMode } {
  const target = parseDatabaseUrl(url);
  const mode = new SessionMode(target, { schema: target.schema, statementTimeoutMs: options.timeoutMs }, () =>
    options.log?.info(
      'a pooler in front of PostgreSQL keeps no settings: each statement is a transaction now',
    ),
  );
  const client = {
    ...clientConfig(mode, 'chorus'),
    connectionTimeoutMillis: options.timeoutMs,
    // Enforced here, for a server that no longer answers at all.
    query_timeout: options.timeoutMs + CLIENT_TIMEOUT_MARGIN_MS,
  };
  const config = {
    // The pool makes its clients without arguments that it has types for.
    Client: class extends SessionClient {
      constructor() {
        super(client);
      }
    },
    max: options.poolSize,
    connectionTimeoutMillis: options.timeoutMs,
    // An idle connection to a frozen server must not keep the process from ending.
    allowExitOnIdle: true,
  };
  return { config, mode };
}
