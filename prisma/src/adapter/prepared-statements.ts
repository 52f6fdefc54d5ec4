import type { Closeable } from '@chorus/service';
import pg from 'pg';
import { type DatabaseOptions, sessionPool } from '../database.js';
import { DatabaseWatch } from '../database-watch.js';
import { isDataRefused } from '../errors.js';

/**
 * A pool for a few frequent statements with low latency: each is planned once per connection and goes to the driver
 * directly. Connects at the first statement; fails as a {@link Database} does. Must not be used behind a pooler,
 * which assigns a different connection to each statement.
 */
export class PreparedStatements implements Closeable {
  readonly #pool: pg.Pool;

  /** @param watch receives failures */
  constructor(
    url: string,
    options: DatabaseOptions,
    private readonly watch: DatabaseWatch = new DatabaseWatch(),
  ) {
    this.#pool = new pg.Pool(sessionPool(url, options).config);
    // An idle connection that breaks is dropped by the pool.
    this.#pool.on('error', () => {});
  }

  /** @param name name of the statement, unique to its text @returns its rows; 64-bit numbers are text */
  async query<Row extends pg.QueryResultRow>(
    name: string,
    text: string,
    values: readonly unknown[],
  ): Promise<Row[]> {
    try {
      return (await this.#pool.query<Row>({ name, text, values: [...values] })).rows;
    } catch (error) {
      if (!isDataRefused(error)) this.watch.failed();
      throw error;
    }
  }

  close(): Promise<void> {
    return this.#pool.end();
  }
}
