import { type DatabaseConfig, databaseConfig, databaseSettings } from '@chorus/database';
import { type RedisConfig, redisConfig, redisSettings } from '@chorus/redis';
import {
  type Environment,
  integer,
  type ListenerConfig,
  listenerConfig,
  listenerSettings,
  operatorPortSettings,
  parseSettings,
  retentionDays,
  retentionSettings,
  type TracesConfig,
  tracesConfig,
  tracesSettings,
} from '@chorus/service';

const { HOST, PORT, NODE_ID, LOG_LEVEL } = listenerSettings(4_100);

/** Settings of an archiver in any process. */
const archiveSettings = {
  ARCHIVE_INTERVAL_MS: integer(1, 60_000)
    .default(500)
    .describe(
      'Pause between batches while few messages wait; a longer pause means fewer, larger statements.',
    ),
  ARCHIVE_BATCH_MESSAGES: integer(1, 100_000)
    .default(2_000)
    .describe('Maximum number of messages in one batch.'),
  ARCHIVE_LEASE_MS: integer(1_000, 600_000)
    .default(10_000)
    .describe('Time after which another archiver takes over the rooms of one that died.'),
  HISTORY_SIZE: integer(1, 1_000_000)
    .default(1_000)
    .describe('Newest stored messages of a room that stay in Redis.'),
  HISTORY_MAX_AGE_SECONDS: integer(0, 31_536_000)
    .default(86_400)
    .describe('Stored messages older than this are removed from Redis; 0 keeps any age.'),
  ...retentionSettings,
};

/** The archiver's environment variables. A test compares `docs/reference/configuration.md` with this list. */
export const archiverSettings = {
  HOST,
  PORT,
  NODE_ID,
  LOG_LEVEL,
  ...operatorPortSettings,
  ...archiveSettings,
  ...databaseSettings,
  ...redisSettings,
  ...tracesSettings,
};

export interface ArchiveConfig {
  readonly intervalMs: number;
  readonly batchMessages: number;
  readonly leaseMs: number;
  readonly historySize: number;
  readonly historyMaxAgeMs: number;
  /** Undefined: entries are kept for ever. */
  readonly retentionDays: number | undefined;
}

export interface ArchiverConfig extends ListenerConfig {
  /** Undefined for no operator port. */
  readonly operatorPort: number | undefined;
  readonly archive: ArchiveConfig;
  readonly database: DatabaseConfig;
  readonly redis: RedisConfig;
  readonly redisPrefix: string;
  /** Undefined without tracing. */
  readonly traces: TracesConfig | undefined;
}

/** @throws {ConfigError} one line that names the variable */
export function loadArchiverConfig(env: Environment): ArchiverConfig {
  const settings = parseSettings(archiverSettings, env, ['DATABASE_URL', 'REDIS_URL']);
  return {
    ...listenerConfig(settings),
    operatorPort: settings.OPERATOR_PORT,
    archive: loadArchiveConfig(env),
    database: databaseConfig(settings, env),
    redis: redisConfig(settings),
    redisPrefix: settings.REDIS_PREFIX,
    traces: tracesConfig(settings),
  };
}

/** Reads the settings of an archiver within another process. @throws {ConfigError} */
export function loadArchiveConfig(env: Environment): ArchiveConfig {
  const settings = parseSettings(archiveSettings, env);
  return {
    intervalMs: settings.ARCHIVE_INTERVAL_MS,
    batchMessages: settings.ARCHIVE_BATCH_MESSAGES,
    leaseMs: settings.ARCHIVE_LEASE_MS,
    historySize: settings.HISTORY_SIZE,
    historyMaxAgeMs: settings.HISTORY_MAX_AGE_SECONDS * 1_000,
    retentionDays: retentionDays(settings),
  };
}
