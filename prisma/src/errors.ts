import pg from 'pg';
import { Prisma } from './generated/client.js';

/** Messages of `pg` and its pool without a code: no connection, or no answer in time. */
const UNAVAILABLE_MESSAGES = [
  'Query read timeout',
  'timeout exceeded when trying to connect',
  'Connection terminated',
  'Client has encountered a connection error',
  'Cannot use a pool after calling end',
];

/**
 * SQLSTATE classes of a server that runs and cannot serve: connection, state of the transaction (25006: the server,
 * or the database, is read-only), resources, operator, system (disk).
 */
const UNAVAILABLE_CLASSES = ['08', '25', '53', '57', '58'];
/**
 * SQLSTATEs for which a retry can succeed: conflicts with other transactions and with recovery, locks, temporarily
 * missing rights.
 */
const UNAVAILABLE_STATES = ['40001', '40P01', '42501', '55000', '55006', '55P03'];
/**
 * The server or database accepts no writes: it is in recovery, a standby, or has `default_transaction_read_only=on`.
 */
const READ_ONLY = '25006';

/** A table or a column is missing. */
const NOT_MIGRATED = ['42P01', '42703'];

const UNAVAILABLE_KINDS = ['DatabaseNotReachable', 'ConnectionClosed', 'SocketTimeout', 'TooManyConnections'];

const SOCKET_CODE = /^(ECONN|EPIPE|ETIMEDOUT|EHOSTUNREACH|ENETUNREACH|ENOTFOUND|EAI_)/;

/**
 * Whether PostgreSQL is unavailable, so that a retry of the query may succeed later: unreachable, refusing,
 * read-only, overloaded, frozen, restarting, or not migrated yet.
 */
export function isDatabaseUnavailable(error: unknown): boolean {
  if (error instanceof Prisma.PrismaClientKnownRequestError) {
    // P1xxx: connecting failed. P2021, P2022: a table or column is missing. P2024, P2028, P2034, P2037: no connection
    // is free, or a transaction took too long or conflicted with another.
    if (/^P(1|2021|2022|2024|2028|2034|2037)/.test(error.code)) return true;
    const { kind, originalCode } = driverError(error);
    return UNAVAILABLE_KINDS.includes(kind) || isUnavailableState(originalCode);
  }
  if (error instanceof Prisma.PrismaClientInitializationError) return true;
  if (error instanceof pg.DatabaseError) {
    const { code = '' } = error;
    return isUnavailableState(code) || NOT_MIGRATED.includes(code);
  }
  if (!(error instanceof Error)) return false;
  if ('code' in error && SOCKET_CODE.test(String(error.code))) return true;
  return UNAVAILABLE_MESSAGES.some((message) => error.message.includes(message));
}

function isUnavailableState(state: string): boolean {
  return UNAVAILABLE_CLASSES.includes(state.slice(0, 2)) || UNAVAILABLE_STATES.includes(state);
}

/** Returns why PostgreSQL is unavailable, as a predicate of its name, for operators. Contains no secrets. */
export function databaseTrouble(error: unknown): string {
  const { kind, originalCode } =
    error instanceof Prisma.PrismaClientKnownRequestError
      ? driverError(error)
      : { kind: '', originalCode: '' };
  if (originalCode === READ_ONLY) return `refuses writes (${READ_ONLY})`;
  if (NOT_MIGRATED.includes(originalCode)) return `is not migrated (${originalCode})`;
  if (originalCode !== '') return `refuses statements (${originalCode})`;
  const unreachable = error instanceof Prisma.PrismaClientKnownRequestError && error.code === 'P1001';
  return unreachable || kind === 'DatabaseNotReachable' ? 'cannot be reached' : 'does not answer';
}

/** Whether an error of the driver adapter says that the server of the session accepts no writes. */
export function isReadOnly(error: unknown): boolean {
  return recorded(error).originalCode === READ_ONLY;
}

/** Whether a row was refused because another row has that unique value. */
export function isUniqueViolation(error: unknown): boolean {
  if (!(error instanceof Prisma.PrismaClientKnownRequestError)) return false;
  return error.code === 'P2002' || driverError(error).originalCode === UNIQUE_VIOLATION;
}

const UNIQUE_VIOLATION = '23505';

/** SQLSTATE classes of values that no retry can make valid: data, constraints, limits. */
const DATA_CLASSES = ['22', '23', '54'];

/** Whether PostgreSQL refused the values of a statement, so that a retry cannot succeed. */
export function isDataRefused(error: unknown): boolean {
  if (error instanceof pg.DatabaseError) return DATA_CLASSES.includes((error.code ?? '').slice(0, 2));
  if (!(error instanceof Prisma.PrismaClientKnownRequestError)) return false;
  return DATA_CLASSES.includes(driverError(error).originalCode.slice(0, 2));
}

/** Like {@link isDataRefused}, for an error of the driver adapter before Prisma has converted it. */
export function isRefusedByValues(error: unknown): boolean {
  return DATA_CLASSES.includes(recorded(error).originalCode.slice(0, 2));
}

/** Whether a prepared statement would return other types than when it was prepared. */
export function isPlanOutdated(error: unknown): boolean {
  return (
    error instanceof pg.DatabaseError &&
    error.code === '0A000' &&
    error.message.includes('cached plan must not change result type')
  );
}

function driverError(error: Prisma.PrismaClientKnownRequestError): { kind: string; originalCode: string } {
  return recorded(error.meta?.driverAdapterError);
}

/** Returns what the driver adapter recorded of PostgreSQL's answer. */
function recorded(adapterError: unknown): { kind: string; originalCode: string } {
  const cause: unknown = adapterError instanceof Error ? adapterError.cause : undefined;
  const read = (name: string): string =>
    typeof cause === 'object' && cause !== null && name in cause ? String(Reflect.get(cause, name)) : '';
  return { kind: read('kind'), originalCode: read('originalCode') };
}
