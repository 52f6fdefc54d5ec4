import { createHash, randomUUID } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { type Logger, StartError } from '@chorus/service';
import { Client } from 'pg';

/** The advisory lock that Prisma Migrate takes too, so that the two never run at once. */
const LOCK_ID = 72_707_369;
export const CONNECT_TIMEOUT_MS = 5_000;
/** How long to wait for another process that is migrating. */
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
 * Applies the migrations that the database does not have yet, each in one transaction, and keeps
 * Prisma's own record of them, so that `prisma migrate` sees a history it could have made. The
 * CLI itself is not used because it downloads an engine at first use.
 *
 * Any number of processes may call this at the same time: one applies, the others wait for it.
 *
 * @returns the names of the migrations applied by this call
 * @throws {StartError} the database cannot be reached, a migration fails (it is then rolled back),
 *   or the recorded history does not fit the files: nothing is applied on top of such a history
 */
export async function migrate(url: string, log: Logger, directory?: string): Promise<string[]> {
  const migrations = await ourMigrations(directory);
  const client = new Client({
    connectionString: url,
    connectionTimeoutMillis: CONNECT_TIMEOUT_MS,
    application_name: 'chorus-migrate',
    keepAlive: true,
  });
  // A connection that breaks rejects the running query; without a listener it would end the process.
  client.on('error', () => {});
  try {
    await client.connect();
  } catch (error) {
    throw new StartError(`PostgreSQL cannot be reached: ${messageOf(error)}`);
  }
  try {
    await takeLock(client);
    const missing = missingMigrations(migrations, await readHistory(client), log);
    for (const migration of missing) await apply(client, migration, log);
    return missing.map((migration) => migration.name);
  } finally {
    // Ends the session and with it the lock.
    await client.end();
  }
}

/** Reads `<name>/migration.sql`, oldest first; the names begin with the time of their making. */
export async function ourMigrations(
  directory: string = fileURLToPath(new URL('../migrations', import.meta.url)),
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

async function takeLock(client: Client): Promise<void> {
  try {
    await client.query(`SET lock_timeout = ${LOCK_TIMEOUT_MS}`);
    await client.query('SELECT pg_advisory_lock($1)', [LOCK_ID]);
    await client.query('SET lock_timeout = 0');
  } catch (error) {
    throw new StartError(`cannot get the lock for migrating the database: ${messageOf(error)}`);
  }
}

async function readHistory(client: Client): Promise<AppliedMigration[]> {
  // As Prisma creates it.
  await client.query(`
    CREATE TABLE IF NOT EXISTS _prisma_migrations (
      id                  VARCHAR(36) PRIMARY KEY NOT NULL,
      checksum            VARCHAR(64) NOT NULL,
      finished_at         TIMESTAMPTZ,
      migration_name      VARCHAR(255) NOT NULL,
      logs                TEXT,
      rolled_back_at      TIMESTAMPTZ,
      started_at          TIMESTAMPTZ NOT NULL DEFAULT now(),
      applied_steps_count INTEGER NOT NULL DEFAULT 0
    )`);
  return recordedMigrations(client);
}

/** Fails where there is no record yet. */
export async function recordedMigrations(client: Client): Promise<AppliedMigration[]> {
  const result = await client.query<AppliedMigration>(`
    SELECT migration_name AS name, checksum, finished_at IS NOT NULL AS finished
    FROM _prisma_migrations WHERE rolled_back_at IS NULL`);
  return result.rows;
}

/** @throws {StartError} the record does not fit what this version knows */
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
      // Normal while an older version runs beside a newer one, or after going back.
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

async function apply(client: Client, migration: Migration, log: Logger): Promise<void> {
  try {
    await client.query('BEGIN');
    const started = await client.query<{ now: Date }>('SELECT clock_timestamp() AS now');
    await client.query(migration.sql);
    await client.query(
      `INSERT INTO _prisma_migrations (id, migration_name, checksum, started_at, finished_at, applied_steps_count)
       VALUES ($1, $2, $3, $4, clock_timestamp(), 1)`,
      [randomUUID(), migration.name, migration.checksum, started.rows[0]?.now],
    );
    await client.query('COMMIT');
  } catch (error) {
    await client.query('ROLLBACK').catch(() => {});
    throw new StartError(`migration ${migration.name} failed and was rolled back: ${messageOf(error)}`);
  }
  log.info({ migration: migration.name }, 'migration applied');
}

export function messageOf(error: unknown): string {
  // A refused connection to a name with several addresses is an AggregateError without a message.
  if (error instanceof AggregateError) return error.errors.map(messageOf).join('; ');
  return error instanceof Error ? error.message : String(error);
}
