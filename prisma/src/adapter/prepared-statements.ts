import type { Closeable } from '@chorus/service';
import { DatabaseWatch } from '../database-watch.js';
import { isDataRefused, isPlanOutdated } from '../errors.js';
import { rowReader } from './column-types.js';
import { PreparedQuery, type RowReader } from './prepared-query.js';
import { type DatabaseOptions, type SessionPool, sessionPool } from './session-pool.js';
import { settingsOfTransaction } from './session-settings.js';

/** SQL with `$1` and so on, and its values: a `Prisma.Sql`, for example. */
export interface Statement {
  readonly text: string;
  readonly values: readonly unknown[];
}

/**
 * Most texts that are prepared. Each of them takes memory in every connection, here and in PostgreSQL; other texts are planned at each
 * execution.
 */
const MAX_PREPARED = 100;

/**
 * Frequent statements with low latency. They go to the driver directly, without the 0.3 ms of processor time that Prisma takes for each,
 * and PostgreSQL parses them once per connection. It also plans them once if the plan does not depend on their values: write
 * `(SELECT $1::bigint)` for a value that it would otherwise plan for, above all for `LIMIT`.
 *
 * A pooler may assign a different connection to each statement: behind one, statements are neither named nor kept, and each is a
 * transaction that begins with its settings.
 */
export class PreparedStatements implements Closeable {
  readonly #names = new Map<string, string>();
  #lastName = 0;

  /** @param watch receives failures */
  constructor(
    private readonly sessions: SessionPool,
    private readonly watch: DatabaseWatch = new DatabaseWatch(),
  ) {}

  /** Opens a pool of its own. Connects at the first statement. @throws {ConfigError} the URL is not valid */
  static open(url: string, options: DatabaseOptions, watch?: DatabaseWatch): PreparedStatements {
    return new PreparedStatements(sessionPool(url, options), watch);
  }

  /**
   * Returns the rows of a statement. 64-bit numbers are numbers, times dates, and JSON is parsed, unless rows are read otherwise.
   * @param reader returns a function that reads a row of the given columns
   */
  async rows<Row>(
    { text, values }: Statement,
    reader: RowReader<Row> = (columns) => rowReader<Row>(columns),
  ): Promise<Row[]> {
    const { mode } = this.sessions;
    const run = (): Promise<Row[]> =>
      mode.run(
        () => this.#named(text, values, reader),
        () => this.#settled(text, values, reader),
      );
    try {
      return await run();
    } catch (error) {
      if (isPlanOutdated(error)) {
        // A migration has changed a type of the result. A new name makes every connection prepare the statement again.
        this.#names.delete(text);
        return run();
      }
      if (!isDataRefused(error)) this.watch.failed();
      throw error;
    }
  }

  async close(): Promise<void> {
    const { pool } = this.sessions;
    if (!pool.ending) await pool.end();
  }

  async #named<Row>(text: string, values: readonly unknown[], reader: RowReader<Row>): Promise<Row[]> {
    const query = new PreparedQuery(this.#nameOf(text), text, values, reader);
    const client = await this.sessions.pool.connect();
    try {
      const rows = await query.run(client);
      client.release();
      return rows;
    } catch (error) {
      client.release(true);
      throw error;
    }
  }

  async #settled<Row>(text: string, values: readonly unknown[], reader: RowReader<Row>): Promise<Row[]> {
    const { pool, mode } = this.sessions;
    const client = await pool.connect();
    try {
      await client.query('BEGIN');
      await client.query(settingsOfTransaction(mode.settings));
      const query = new PreparedQuery('', text, values, reader);
      const rows = await query.run(client);
      await client.query('COMMIT');
      client.release();
      return rows;
    } catch (error) {
      // Closing the connection rolls back.
      client.release(true);
      throw error;
    }
  }

  /** Returns the name of a text; empty for one that is not prepared. */
  #nameOf(text: string): string {
    const known = this.#names.get(text);
    if (known !== undefined) return known;
    if (this.#names.size >= MAX_PREPARED) return '';
    const name = `chorus-${++this.#lastName}`;
    this.#names.set(text, name);
    return name;
  }
}
