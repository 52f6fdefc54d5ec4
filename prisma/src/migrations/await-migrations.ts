import { setTimeout as sleep } from 'node:timers/promises';
import { type Logger, StartError } from '@chorus/service';
import {
  CONNECT_TIMEOUT_MS,
  messageOf,
  migrationClient,
  missingMigrations,
  ourMigrations,
  recordedMigrations,
} from './migrate.js';

const POLL_MS = 1_000;
/** Interval at which the log repeats what is waited for. */
const REMIND_MS = 30_000;

/**
 * Resolves when the database has every migration that this version knows, applied by any process. Needs only read
 * access. Also waits for a database that does not answer.
 *
 * @throws {StartError} waiting is in vain (a migration failed half way, or was edited), or `signal` aborted it
 */
export async function awaitMigrations(
  url: string,
  log: Logger,
  options: { signal?: AbortSignal; directory?: string; pollMs?: number } = {},
): Promise<void> {
  const { signal, directory, pollMs = POLL_MS } = options;
  const known = await ourMigrations(directory);
  let said = '';
  let saidAt = 0;
  for (;;) {
    if (signal?.aborted) throw new StartError('told to stop while the database was not up to date yet');
    const state = await look(url);
    const missing = state.history === undefined ? undefined : missingMigrations(known, state.history, log);
    if (missing?.length === 0) return;
    const waitingFor = missing?.map((migration) => migration.name).join(', ') ?? state.problem;
    const now = performance.now();
    if (waitingFor !== said || now - saidAt > REMIND_MS) {
      log.info({ waitingFor }, 'the database is not up to date yet');
      said = waitingFor;
      saidAt = now;
    }
    // The loop checks for an abort.
    await sleep(pollMs, undefined, { signal }).catch(() => {});
  }
}

interface Look {
  /** Undefined while the database does not answer. */
  readonly history: Awaited<ReturnType<typeof recordedMigrations>> | undefined;
  readonly problem: string;
}

async function look(url: string): Promise<Look> {
  const { client, mode } = migrationClient(url, CONNECT_TIMEOUT_MS);
  const { schema } = mode.settings;
  try {
    await client.connect();
    const { rows } = await client.query<{ exists: boolean }>('SELECT to_regclass($1) IS NOT NULL AS exists', [
      `"${schema}"._prisma_migrations`,
    ]);
    const exists = rows[0]?.exists ?? false;
    return { history: exists ? await recordedMigrations(client, schema) : [], problem: '' };
  } catch (error) {
    return { history: undefined, problem: `PostgreSQL: ${messageOf(error)}` };
  } finally {
    await client.end().catch(() => {});
  }
}
