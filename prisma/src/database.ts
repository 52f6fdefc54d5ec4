import { PreparedStatements } from './adapter/prepared-statements.js';
import { type DatabaseOptions, sessionPool } from './adapter/session-pool.js';
import { WatchedPg } from './adapter/watched-adapter.js';
import { DatabaseWatch } from './database-watch.js';
import { type Prisma, PrismaClient } from './generated/client.js';

/** PostgreSQL, as Prisma's client. Connects at the first query. */
export class Database extends PrismaClient {
  /** @param prepared frequent statements, over the same connections */
  constructor(
    options: Prisma.PrismaClientOptions,
    readonly prepared: PreparedStatements,
  ) {
    super(options);
  }

  override async $disconnect(): Promise<void> {
    await super.$disconnect();
    await this.prepared.close();
  }
}

/** Time that a transaction of several statements has at least, in milliseconds. */
const MIN_TRANSACTION_MS = 5_000;

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
  const sessions = sessionPool(url, options);
  const adapter = new WatchedPg(sessions, watch);
  // 'minimal' keeps a query's arguments, such as password hashes, out of error messages.
  const { timeoutMs } = options;
  // By default a transaction gives up after 2 s without a connection, whatever the limit of other queries is.
  const transactionOptions = { maxWait: timeoutMs, timeout: Math.max(MIN_TRANSACTION_MS, timeoutMs) };
  const prepared = new PreparedStatements(sessions, watch);
  return new Database({ adapter, errorFormat: 'minimal', transactionOptions }, prepared);
}
