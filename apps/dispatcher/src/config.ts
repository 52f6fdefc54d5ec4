import { type DatabaseConfig, databaseConfig, databaseSettings } from '@chorus/database';
import {
  ConfigError,
  type Environment,
  integer,
  type ListenerConfig,
  listenerConfig,
  listenerSettings,
  operatorPortSettings,
  parseSettings,
  retentionDays,
  retentionSettings,
  WEBHOOK_SECRETS,
  webhookAddressSettings,
  webhookSecretSettings,
} from '@chorus/service';

const { HOST, PORT, NODE_ID, LOG_LEVEL } = listenerSettings(4_200);

/** Settings of a dispatcher in any process. */
const dispatchSettings = {
  EVENT_RETENTION_DAYS: integer(1, 365)
    .default(7)
    .describe('Age in days from which events are removed from the log.'),
  AUDIT_RETENTION_DAYS: integer(1, 3_650)
    .default(90)
    .describe('Age in days from which entries of the audit are removed.'),
  WEBHOOK_RETENTION_DAYS: integer(1, 365)
    .default(3)
    .describe('Time in days for which a webhook is retried; then the event is given up.'),
  WEBHOOK_CONCURRENCY: integer(1, 1_000)
    .default(32)
    .describe('Deliveries to one webhook at a time, one of each room.'),
  WEBHOOK_RETRY_MS: integer(100, 3_600_000)
    .default(5_000)
    .describe('Pause after the first failed delivery; it doubles with each further failure, up to an hour.'),
  WEBHOOK_LEASE_MS: integer(3_000, 600_000)
    .default(10_000)
    .describe('Time after which another dispatcher takes over the webhooks of one that died.'),
  ...webhookAddressSettings,
  ...webhookSecretSettings,
  ...retentionSettings,
};

/** The dispatcher's environment variables. A test compares `docs/reference/configuration.md` with this list. */
export const dispatcherSettings = {
  HOST,
  PORT,
  NODE_ID,
  LOG_LEVEL,
  ...operatorPortSettings,
  ...dispatchSettings,
  ...databaseSettings,
};

export interface DispatchConfig {
  readonly eventRetentionDays: number;
  readonly auditRetentionDays: number;
  /** Retention of messages; undefined: they are kept for ever. */
  readonly retentionDays: number | undefined;
  readonly webhookRetentionDays: number;
  readonly webhookConcurrency: number;
  /** Pause after the first failed delivery, in milliseconds. */
  readonly webhookRetryMs: number;
  /** Time after which the webhooks of a dispatcher that died are taken over, in milliseconds. */
  readonly webhookLeaseMs: number;
  /** Ranges of addresses that are not public and to which webhooks may be sent. */
  readonly webhookAllowAddresses: readonly string[];
  /** Keys of the secrets of webhooks in PostgreSQL. */
  readonly webhookSecretKeys: readonly string[];
}

export interface DispatcherConfig extends ListenerConfig {
  /** Undefined for no operator port. */
  readonly operatorPort: number | undefined;
  readonly dispatch: DispatchConfig;
  readonly database: DatabaseConfig;
}

/** @throws {ConfigError} one line that names the variable */
export function loadDispatcherConfig(env: Environment): DispatcherConfig {
  const settings = parseSettings(dispatcherSettings, env, ['DATABASE_URL', ...WEBHOOK_SECRETS]);
  return {
    ...listenerConfig(settings),
    operatorPort: settings.OPERATOR_PORT,
    dispatch: loadDispatchConfig(env),
    database: databaseConfig(settings, env),
  };
}

/** Reads the settings of a dispatcher within another process. @throws {ConfigError} */
export function loadDispatchConfig(env: Environment): DispatchConfig {
  const settings = parseSettings(dispatchSettings, env, WEBHOOK_SECRETS);
  const [days, webhookDays] = [settings.EVENT_RETENTION_DAYS, settings.WEBHOOK_RETENTION_DAYS];
  if (webhookDays > days) {
    throw new ConfigError(
      `WEBHOOK_RETENTION_DAYS="${webhookDays}" is not valid: must not be above EVENT_RETENTION_DAYS, ${days}`,
    );
  }
  return {
    eventRetentionDays: days,
    auditRetentionDays: settings.AUDIT_RETENTION_DAYS,
    retentionDays: retentionDays(settings),
    webhookRetentionDays: webhookDays,
    webhookConcurrency: settings.WEBHOOK_CONCURRENCY,
    webhookRetryMs: settings.WEBHOOK_RETRY_MS,
    webhookLeaseMs: settings.WEBHOOK_LEASE_MS,
    webhookAllowAddresses: settings.WEBHOOK_ALLOW_ADDRESSES,
    webhookSecretKeys: settings.WEBHOOK_SECRET_KEYS,
  };
}
