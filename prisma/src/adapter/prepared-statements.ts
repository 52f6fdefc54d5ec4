import type { Closeable } from '@chorus/service';
import pg from 'pg';
import { type DatabaseOptions, sessionPool } from '../database.js';
import { DatabaseWatch } from '../database-watch.js';
import { isDataRefused } from '../errors.js';

/**
 * A pool for a few statements that are sent often and waited for: each is planned once a connection, and nothing stands
 * between it and the driver. Connects at the first statement, and fails as a {@link Database} does. Not behind a pooler,
 * which gives statements different connections.
 */
export class PreparedStatements implements Closeable {
  readonly #pool: pg.Pool;

  /** @param watch is told of what fails */
  constructor(
    url: string,
    options: DatabaseOptions,
    private readonly watch: DatabaseWatch = new DatabaseWatch(),
  ) {
    this.#pool = new pg.Pool(sessionPool(url, options).config);
    // Of a connection that breaks while nothing is sent over it: the pool drops it.
    this.#pool.on('error', () => {});
  }

  /** @param name of the statement: the same for the same text @returns its rows; 64-bit numbers are text */
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
