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
  /** Largest number of connections; further queries wait, at most `timeoutMs`. */
  readonly poolSize: number;
  /** A query fails after this time without a connection or without an answer, in milliseconds. */
  readonly timeoutMs: number;
  /** Logs once that a pooler was detected. */
  readonly log?: Logger | undefined;
}

/** Time that a transaction of several statements has at least, in milliseconds. */
const MIN_TRANSACTION_MS = 5_000;
/** How much later than the server the client gives up, in milliseconds: the server's error is more precise. */
const CLIENT_TIMEOUT_MARGIN_MS = 250;

/**
 * Opens a pool. It connects at the first query, so this neither waits nor fails. A query fails within `timeoutMs` or
 * slightly more, whether PostgreSQL is down, refuses or hangs. Close it with `$disconnect()`.
 *
 * @param watch receives failures
 * @throws {ConfigError} the URL is not valid
 */
export function createDatabase(
  url: string,
  options: DatabaseOptions,
  watch: DatabaseWatch = new DatabaseWatch(),
): Database {
  const { config, mode } = sessionPool(url, options);
  const adapter = new WatchedPg(config, { mode, watch });
  // 'minimal' keeps a query's arguments, such as password hashes, out of error messages.
  const { timeoutMs } = options;
  // By default a transaction gives up after 2 s without a connection, whatever the limit of other queries is.
  const transactionOptions = { maxWait: timeoutMs, timeout: Math.max(MIN_TRANSACTION_MS, timeoutMs) };
  return new PrismaClient({ adapter, errorFormat: 'minimal', transactionOptions });
}

/** Returns the configuration of connections and their pool. @throws {ConfigError} the URL is not valid */
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
    // Enforced by the client, for a server that does not answer at all.
    query_timeout: options.timeoutMs + CLIENT_TIMEOUT_MARGIN_MS,
  };
  const config = {
    // The pool calls the constructor with arguments that are not in its types.
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
