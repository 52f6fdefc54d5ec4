import type { Logger } from '@chorus/service';
import pg from 'pg';
import { parseDatabaseUrl } from '../url/database-url.js';
import { clientConfig, SessionClient, SessionMode } from './postgres-client.js';

export interface DatabaseOptions {
  /** Largest number of connections; further queries wait, at most `timeoutMs`. */
  readonly poolSize: number;
  /** A query fails after this time without a connection or without an answer, in milliseconds. */
  readonly timeoutMs: number;
  /** Logs once that a pooler was detected. */
  readonly log?: Logger | undefined;
}

/** Connections, and how their sessions get their settings. */
export interface SessionPool {
  readonly pool: pg.Pool;
  readonly mode: SessionMode;
}

/** How much later than the server the client gives up, in milliseconds: the server's error is more precise. */
const CLIENT_TIMEOUT_MARGIN_MS = 250;

/** Opens a pool. It connects at the first statement. @throws {ConfigError} the URL is not valid */
export function sessionPool(url: string, options: DatabaseOptions): SessionPool {
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
  const pool = new pg.Pool({
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
  });
  // An idle connection that breaks is dropped by the pool.
  pool.on('error', () => {});
  // A connection with an abandoned statement, or within a transaction, must serve no other statement.
  pool.on('release', (_error, connection) => {
    if (connection.getTransactionStatus() !== 'I') connection.end().catch(() => {});
  });
  return { pool, mode };
}
