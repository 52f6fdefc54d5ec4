import { DatabaseWatch } from './database-watch.js';
import { PrismaClient } from './generated/client.js';
import { WatchedPg } from './watched-adapter.js';

/** PostgreSQL, as Prisma's client. Connects at the first query. */
export type Database = PrismaClient;

export interface DatabaseOptions {
  /** Most connections at a time; further queries wait, at most `timeoutMs`. */
  readonly poolSize: number;
  /** After this many milliseconds without a connection, or without an answer, a query fails. */
  readonly timeoutMs: number;
}

/** How much later than the server the client gives up: the server's answer says more. */
const CLIENT_TIMEOUT_MARGIN_MS = 250;

/**
 * Opens a pool. Nothing is connected before the first query, so this neither waits nor fails; a
 * query fails within `timeoutMs` or a little more, whether PostgreSQL is down, refuses or hangs.
 * End it with `$disconnect()`.
 *
 * @param watch is told of what fails
 */
export function createDatabase(
  url: string,
  options: DatabaseOptions,
  watch: DatabaseWatch = new DatabaseWatch(),
): Database {
  const config = {
    connectionString: url,
    max: options.poolSize,
    connectionTimeoutMillis: options.timeoutMs,
    statement_timeout: options.timeoutMs,
    // Enforced here, for a server that no longer answers at all.
    query_timeout: options.timeoutMs + CLIENT_TIMEOUT_MARGIN_MS,
    keepAlive: true,
    // An idle connection to a frozen server must not keep the process from ending.
    allowExitOnIdle: true,
    application_name: 'chorus',
  };
  const adapter = new WatchedPg(config, watch);
  // 'minimal' leaves a query's arguments, such as password hashes, out of error messages.
  return new PrismaClient({ adapter, errorFormat: 'minimal' });
}
