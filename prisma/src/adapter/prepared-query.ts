import type pg from 'pg';
import { wireValue } from './wire-value.js';

/** A value as PostgreSQL sends it: its text, or null. */
export type Raw = string | null;

/** Columns of a result, the same object at each execution over a connection. */
export type Columns = readonly pg.FieldDef[];

/** Returns a function that reads rows with these columns. */
export type RowReader<Row> = (columns: Columns) => (row: Raw[]) => Row;

/** What one connection has prepared: the columns of the results by the name of the statement; undefined until they are known. */
type Prepared = Map<string, readonly pg.FieldDef[] | undefined>;

const preparedBy = new WeakMap<pg.Connection, Prepared>();

/** The messages of the server that the driver passes to a statement, as far as they are used. */
interface DataRow {
  readonly fields: Raw[];
}
interface RowDescription {
  readonly fields: readonly pg.FieldDef[];
}

/**
 * One execution of a named statement, for `pg.Client.query`. The driver's own class asks for a description of the columns at each execution,
 * and builds parsers from it: for a statement with 20 columns that costs more than a row of it. Here a connection asks once for
 * each statement. A migration that changes the columns makes the server refuse the statement: see `isPlanOutdated`.
 */
export class PreparedQuery<T> implements pg.Submittable {
  /** Called by the driver, and replaced by it to end its timer. */
  callback: (error: Error | null | undefined) => void = () => {};
  readonly #rows: T[] = [];
  #columns: readonly pg.FieldDef[] = [];
  #prepared: Prepared = new Map();
  #read: ((row: Raw[]) => T) | undefined;
  #failure: Error | undefined;
  readonly #values: Array<string | Buffer | null>;

  /**
   * @param name name of the statement, the same for the same text; empty: it is not kept
   * @param reader returns a function that reads a row of these columns
   * @throws {TypeError} a value cannot be a parameter
   */
  constructor(
    readonly name: string,
    readonly text: string,
    values: readonly unknown[],
    private readonly reader: RowReader<T>,
  ) {
    this.#values = values.map(wireValue);
  }

  /** Runs the statement on a connection that runs no other. @throws what the server or the driver reports */
  run(client: pg.ClientBase): Promise<T[]> {
    return new Promise((resolve, reject) => {
      this.callback = (error) => {
        if (error) reject(error);
        else resolve(this.#rows);
      };
      client.query(this);
    });
  }

  submit(connection: pg.Connection): void {
    let prepared = preparedBy.get(connection);
    if (prepared === undefined) {
      prepared = new Map();
      preparedBy.set(connection, prepared);
    }
    this.#prepared = prepared;
    const { name, text } = this;
    const columns = prepared.get(name);
    // One write for all messages.
    connection.stream.cork();
    try {
      if (name === '' || !prepared.has(name)) connection.parse({ name, text, types: [] }, true);
      if (name !== '') prepared.set(name, columns);
      connection.bind({ statement: name, values: this.#values }, true);
      if (columns === undefined) connection.describe({ type: 'P', name: '' }, true);
      else this.#columns = columns;
      connection.execute({}, true);
      connection.sync();
    } finally {
      connection.stream.uncork();
    }
  }

  handleRowDescription({ fields }: RowDescription): void {
    this.#columns = fields;
    if (this.name !== '') this.#prepared.set(this.name, fields);
  }

  handleDataRow({ fields }: DataRow): void {
    if (this.#failure !== undefined) return;
    try {
      this.#read ??= this.reader(this.#columns);
      this.#rows.push(this.#read(fields));
    } catch (error) {
      this.#failure = error instanceof Error ? error : new Error(String(error));
    }
  }

  handleCommandComplete(): void {}

  handleEmptyQuery(): void {}

  handlePortalSuspended(): void {}

  handleCopyInResponse(): void {}

  handleCopyData(): void {}

  handleError(error: Error): void {
    this.callback(error);
  }

  handleReadyForQuery(): void {
    this.callback(this.#failure);
  }
}
