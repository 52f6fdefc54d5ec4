import { createHash, randomUUID } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { type Logger, StartError } from '@chorus/service';
import type { Client } from 'pg';
import { clientConfig, SessionClient, SessionMode } from '../adapter/postgres-client.js';
import { settingsOfTransaction } from '../adapter/session-settings.js';
import { parseDatabaseUrl } from '../url/database-url.js';

/** The advisory lock of Prisma Migrate, so that the two never run together. */
const LOCK_ID = 72_707_369;
export const CONNECT_TIMEOUT_MS = 5_000;
/** How long to wait for another process that is migrating, in milliseconds. */
const LOCK_TIMEOUT_MS = 120_000;

export interface Migration {
  readonly name: string;
  readonly sql: string;
  readonly checksum: string;
}

export interface AppliedMigration {
  readonly name: string;
  readonly checksum: string;
  readonly finished: boolean;
}

/**
 * Applies missing migrations, and keeps Prisma's own record of them, so that `prisma migrate` can continue from it.
 * The CLI itself is not used because it downloads an engine at first use.
 *
 * Everything is one transaction, so that it works through poolers that assign connections per transaction; only a
 * migration that fails is rolled back. Any number of processes may call this concurrently: one applies, the others
 * wait for it.
 *
 * @returns the names of the migrations applied by this call
 * @throws {StartError} the database is unreachable, a migration fails (it is then rolled back), or the recorded
 * history does not match the files: nothing is applied on top of such a history
 */
export async function migrate(url: string, log: Logger, directory?: string): Promise<string[]> {
  const migrations = await ourMigrations(directory);
  const { client, mode } = migrationClient(url);
  try {
    await client.connect();
  } catch (error) {
    throw new StartError(`PostgreSQL cannot be reached: ${messageOf(error)}`);
  }
  try {
    await begin(client, mode);
    const history = await readHistory(client, mode.settings.schema);
    const missing = missingMigrations(migrations, history, log);
    const applied: string[] = [];
    let failure: unknown;
    for (const migration of missing) {
      failure = await apply(client, migration);
      if (failure !== undefined) break;
      applied.push(migration.name);
    }
    await prepared(client.query('COMMIT'));
    for (const name of applied) log.info({ migration: name }, 'migration applied');
    if (failure !== undefined) throw failure;
    return applied;
  } finally {
    // Ends an open transaction and with it the lock.
    await client.end();
  }
}

/** Creates a connection without session settings; the mode holds what they would be. */
export function migrationClient(
  url: string,
  queryTimeoutMs?: number,
): { client: SessionClient; mode: SessionMode } {
  const target = parseDatabaseUrl(url);
  const settings = { schema: target.schema, statementTimeoutMs: 0 };
  const mode = new SessionMode({ ...target, pooled: true }, settings);
  const client = new SessionClient({
    ...clientConfig(mode, 'chorus-migrate'),
    connectionTimeoutMillis: CONNECT_TIMEOUT_MS,
    ...(queryTimeoutMs === undefined ? {} : { query_timeout: queryTimeoutMs }),
  });
  return { client, mode };
}

/** Reads `<name>/migration.sql`, oldest first; names start with the time of creation. */
export async function ourMigrations(
  directory: string = fileURLToPath(new URL('../../migrations', import.meta.url)),
): Promise<Migration[]> {
  const entries = await readdir(directory, { withFileTypes: true });
  const names = entries.filter((entry) => entry.isDirectory()).map((entry) => entry.name);
  return Promise.all(
    names.sort().map(async (name) => {
      const file = await readFile(`${directory}/${name}/migration.sql`);
      return { name, sql: file.toString(), checksum: createHash('sha256').update(file).digest('hex') };
    }),
  );
}

/**
 * Begins the transaction and takes the lock. Statements see earlier commits of other processes, because each takes a
 * new snapshot.
 */
async function begin(client: Client, mode: SessionMode): Promise<void> {
  // In one message: a role may have a short idle_in_transaction_session_timeout.
  await prepared(
    client.query(`BEGIN ISOLATION LEVEL READ COMMITTED; ${settingsOfTransaction(mode.settings)}`),
  );
  try {
    await client.query(`SET LOCAL lock_timeout = ${LOCK_TIMEOUT_MS}`);
    await client.query('SELECT pg_advisory_xact_lock($1)', [LOCK_ID]);
    await client.query('SET LOCAL lock_timeout = 0');
  } catch (error) {
    throw new StartError(`cannot get the lock for migrating the database: ${messageOf(error)}`);
  }
}

async function readHistory(client: Client, schema: string): Promise<AppliedMigration[]> {
  // Not IF NOT EXISTS: that requires the right to create schemas even if the schema exists.
  const { rowCount } = await prepared(
    client.query('SELECT 1 FROM pg_namespace WHERE nspname = $1', [schema]),
  );
  if (rowCount === 0) await prepared(client.query(`CREATE SCHEMA "${schema}"`));
  // Identical to the table that Prisma creates.
  await prepared(
    client.query(`
    CREATE TABLE IF NOT EXISTS _prisma_migrations (
      id                  VARCHAR(36) PRIMARY KEY NOT NULL,
      checksum            VARCHAR(64) NOT NULL,
      finished_at         TIMESTAMPTZ,
      migration_name      VARCHAR(255) NOT NULL,
      logs                TEXT,
      rolled_back_at      TIMESTAMPTZ,
      started_at          TIMESTAMPTZ NOT NULL DEFAULT now(),
      applied_steps_count INTEGER NOT NULL DEFAULT 0
    )`),
  );
  return prepared(recordedMigrations(client, schema));
}

/** Converts a refusal of PostgreSQL to one line. @throws {StartError} */
async function prepared<T>(work: Promise<T>): Promise<T> {
  try {
    return await work;
  } catch (error) {
    throw new StartError(`the database cannot be migrated: ${messageOf(error)}`);
  }
}

/** Fails if there is no record yet. */
export async function recordedMigrations(client: Client, schema: string): Promise<AppliedMigration[]> {
  const result = await client.query<AppliedMigration>(`
    SELECT migration_name AS name, checksum, finished_at IS NOT NULL AS finished
    FROM "${schema}"._prisma_migrations WHERE rolled_back_at IS NULL`);
  return result.rows;
}

/** @throws {StartError} the record does not match the migrations of this version */
export function missingMigrations(
  migrations: readonly Migration[],
  history: readonly AppliedMigration[],
  log: Logger,
): Migration[] {
  const known = new Map(migrations.map((migration) => [migration.name, migration]));
  for (const applied of history) {
    const migration = known.get(applied.name);
    if (!applied.finished) {
      throw new StartError(
        `migration ${applied.name} failed half-way earlier: repair the database, then settle it with "prisma migrate resolve"`,
      );
    }
    if (migration === undefined) {
      // Normal while an older version runs beside a newer one, or after a rollback to it.
      log.warn({ migration: applied.name }, 'the database has a migration that this version does not know');
    } else if (migration.checksum !== applied.checksum) {
      throw new StartError(
        `migration ${applied.name} was edited after it was applied: restore the file and put the change into a new migration`,
      );
    }
  }
  const done = new Set(history.map((applied) => applied.name));
  return migrations.filter((migration) => !done.has(migration.name));
}

/** @returns why it failed, if it did; it is rolled back then */
async function apply(client: Client, migration: Migration): Promise<StartError | undefined> {
  await prepared(client.query('SAVEPOINT migration'));
  try {
    const started = await client.query<{ now: Date }>('SELECT clock_timestamp() AS now');
    await client.query(migration.sql);
    await client.query(
      `INSERT INTO _prisma_migrations (id, migration_name, checksum, started_at, finished_at, applied_steps_count)
       VALUES ($1, $2, $3, $4, clock_timestamp(), 1)`,
      [randomUUID(), migration.name, migration.checksum, started.rows[0]?.now],
    );
    await client.query('RELEASE SAVEPOINT migration');
    return undefined;
  } catch (error) {
    await prepared(client.query('ROLLBACK TO SAVEPOINT migration'));
    return new StartError(`migration ${migration.name} failed and was rolled back: ${messageOf(error)}`);
  }
}

export function messageOf(error: unknown): string {
  // A refused connection to a name with several addresses is an AggregateError without a message.
  if (error instanceof AggregateError) return error.errors.map(messageOf).join('; ');
  return error instanceof Error ? error.message : String(error);
}
