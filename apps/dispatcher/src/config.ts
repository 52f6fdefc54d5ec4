import { type DatabaseConfig, databaseConfig, databaseSettings } from '@chorus/database';
import {
  type Environment,
  integer,
  type ListenerConfig,
  listenerConfig,
  listenerSettings,
  operatorPortSettings,
  parseSettings,
} from '@chorus/service';

const { HOST, PORT, NODE_ID, LOG_LEVEL } = listenerSettings(4_200);

/** Settings of a dispatcher in any process. */
const dispatchSettings = {
  EVENT_RETENTION_DAYS: integer(1, 365)
    .default(7)
    .describe('Age in days from which events are removed from the log.'),
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
}

export interface DispatcherConfig extends ListenerConfig {
  /** Undefined for no operator port. */
  readonly operatorPort: number | undefined;
  readonly dispatch: DispatchConfig;
  readonly database: DatabaseConfig;
}

/** @throws {ConfigError} one line that names the variable */
export function loadDispatcherConfig(env: Environment): DispatcherConfig {
  const settings = parseSettings(dispatcherSettings, env, ['DATABASE_URL']);
  return {
    ...listenerConfig(settings),
    operatorPort: settings.OPERATOR_PORT,
    dispatch: loadDispatchConfig(env),
    database: databaseConfig(settings, env),
  };
}

/** Reads the settings of a dispatcher within another process. @throws {ConfigError} */
export function loadDispatchConfig(env: Environment): DispatchConfig {
  const settings = parseSettings(dispatchSettings, env);
  return { eventRetentionDays: settings.EVENT_RETENTION_DAYS };
}
