/** What a statement means must not depend on how a server, database or role is set up. */
export interface SessionSettings {
  readonly schema: string;
  /** In milliseconds; 0 for none. */
  readonly statementTimeoutMs: number;
}

/** A client that dies in a transaction keeps its locks for at most this long, in milliseconds. */
const IDLE_IN_TRANSACTION_MS = 60_000;

/** Settings that poolers keep for each of their clients. The driver reads times as UTC, whatever offset they have. */
export const TRACKED_SETTINGS: Readonly<Record<string, string>> = {
  TimeZone: 'UTC',
  DateStyle: 'ISO, MDY',
  standard_conforming_strings: 'on',
};

/**
 * All settings that statements depend on, by name. `default_transaction_read_only` is not among them: operators and
 * providers use it to stop writes, and `synchronous_commit` is the operator's choice of durability.
 */
export function sessionSettings(settings: SessionSettings): Record<string, string> {
  return {
    ...TRACKED_SETTINGS,
    search_path: `"${settings.schema}"`,
    statement_timeout: String(settings.statementTimeoutMs),
    // The statement's own limit is enough, and an error of its own kind would only be another case.
    lock_timeout: '0',
    idle_in_transaction_session_timeout: String(IDLE_IN_TRANSACTION_MS),
    array_nulls: 'on',
  };
}

/** A statement that makes the settings for the rest of a transaction. */
export function settingsOfTransaction(settings: SessionSettings): string {
  const calls = Object.entries(sessionSettings(settings)).map(
    ([name, value]) => `set_config('${name}', '${value}', true)`,
  );
  return `SELECT ${calls.join(', ')}`;
}
