/** Settings of a session, so that the meaning of statements does not depend on the server, database or role. */
export interface SessionSettings {
  readonly schema: string;
  /** In milliseconds; 0 for no limit. */
  readonly statementTimeoutMs: number;
}

/** Limit for the locks of a client that dies in a transaction, in milliseconds. */
const IDLE_IN_TRANSACTION_MS = 60_000;

/** Settings that poolers keep for each client. The driver reads times as UTC, whatever their offset. */
export const TRACKED_SETTINGS: Readonly<Record<string, string>> = {
  TimeZone: 'UTC',
  DateStyle: 'ISO, MDY',
  standard_conforming_strings: 'on',
};

/**
 * Returns all settings that statements depend on, by name. Not included are `default_transaction_read_only`, which
 * operators and providers use to stop writes, and `synchronous_commit`, which is the operator's choice of durability.
 */
export function sessionSettings(settings: SessionSettings): Record<string, string> {
  return {
    ...TRACKED_SETTINGS,
    search_path: `"${settings.schema}"`,
    statement_timeout: String(settings.statementTimeoutMs),
    // The statement's own limit is enough; another kind of error would only be another case.
    lock_timeout: '0',
    idle_in_transaction_session_timeout: String(IDLE_IN_TRANSACTION_MS),
    array_nulls: 'on',
  };
}

/** Returns a statement that applies the settings for the rest of a transaction. */
export function settingsOfTransaction(settings: SessionSettings): string {
  const calls = Object.entries(sessionSettings(settings)).map(
    ([name, value]) => `set_config('${name}', '${value}', true)`,
  );
  return `SELECT ${calls.join(', ')}`;
}
